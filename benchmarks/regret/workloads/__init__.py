"""The functions that are judged, by what they are made of. Imported one by one: each loads its libraries."""

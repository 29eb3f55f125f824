"""Worker processes on a broker: started, told what to do, watched until they end."""

"""Pictures that a reader can zoom: what is to be drawn as plain numbers (`plots`), and Bokeh's figures to draw it in
(`figures`). A figure is made once for each kind; the page's script fills it for every result.
"""

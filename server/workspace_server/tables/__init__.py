"""The tables room: Delta tables of the workspace, and the copies that branches have of them."""

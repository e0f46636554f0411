"""Says what `clarion test` does with the cells of campaigns: compares, stores, shows and writes them."""

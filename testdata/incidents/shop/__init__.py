"""An application that hangs, each time in another function of its own."""

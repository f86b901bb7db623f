"""One file per command of `kersey`. Each imports what it needs when it runs: help stays quick."""

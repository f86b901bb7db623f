"""What `make bench` measures: Kersey as separate processes, each figure beside its limit.

Not a test: figures depend on the machine, so nothing here fails because it was slow. The tests
state what must hold; this says how fast it holds.
"""

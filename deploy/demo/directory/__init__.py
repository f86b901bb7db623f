"""The demo directory: invented community provision in the real towns of West Yorkshire.

Everything in it is made up, and recognisably so: addresses end in `.example` or in a postcode that
is not in use (9ZZ), telephone numbers come from the ranges that Ofcom keeps for drama.
"""

from deploy.demo.directory.build import ANCHOR, dataset

__all__ = ["ANCHOR", "dataset"]

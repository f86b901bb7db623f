"""People who sign in: what they may do, how they prove who they are, and who decides about them."""

"""The message back to the GP (care 21, 23).

What happens in a case makes a message (`occasions`), in the transaction of what happened. A worker
writes its documents (`writing`) and sends it by the route that the practice wants (`posting`).
Where it stands is told on the case; where it did not arrive, a person prints and posts it.
"""

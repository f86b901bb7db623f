"""GP Connect: Send Document: the letter as an ITK3 message over MESH, into a record system.

Written to Send Document 2.0.1, ITK3 Message Distribution 2.10 and MESH's API version 2, and tried
against the stand-in of `deploy/demo/mesh`. What is assured, and with whom, is the deployment's own.
"""

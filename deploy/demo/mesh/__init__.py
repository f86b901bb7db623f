"""A stand-in of MESH with the record systems of practices behind it, for trying and for tests.

It speaks the HTTP of MESH's API, version 2, and answers as GP Connect: Send Document asks a
practice's system to answer. It shares no code with the client, and holds nothing on disk.
"""

from deploy.demo.mesh.practice import Answers, PracticeSystem
from deploy.demo.mesh.stand_in import StandIn, stand_in

__all__ = ["Answers", "PracticeSystem", "StandIn", "stand_in"]

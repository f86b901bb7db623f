"""The consortium: who belongs to it, who works with whom, and what they have to lend."""

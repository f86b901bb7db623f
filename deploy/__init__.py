"""The composition root: the only room that knows more than one service."""

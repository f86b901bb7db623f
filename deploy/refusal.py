"""What a command says when it cannot go on."""


class Refusal(Exception):
    """The command cannot do what was asked; the message tells a person why and what to do."""

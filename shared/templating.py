"""Templates of pages in one language: what they say is translated as they are compiled.

There is one environment for each language, so a message costs a page nothing: it stands in the
compiled template as any other text does, and what is filled in among it. `{% trans %}` is for text
with markup, `_()` for a text inside an expression; what `_()` says is escaped where it is shown.
"""

import re
from typing import Any

from jinja2 import ChainableUndefined, ChoiceLoader, Environment, PackageLoader, nodes
from jinja2.compiler import CodeGenerator, Frame
from jinja2.visitor import NodeTransformer

from shared.languages import Language

_FILLED_IN = re.compile(r"%\((\w+)\)s")


class _Saying(NodeTransformer):
    """Puts a message in its language in the place of the call that asks for it."""

    def __init__(self, language: Language) -> None:
        self._language = language

    def visit_Call(self, node: nodes.Call) -> nodes.Node:  # noqa: N802 - Jinja calls it by this name
        """A text inside an expression."""
        self.generic_visit(node)
        match node:
            case nodes.Call(
                node=nodes.Name(name="_"), args=[nodes.Const(value=str() as message)], kwargs=[]
            ):
                said = self._language.said(message)
                return nodes.Const(said, lineno=node.lineno, environment=node.environment)
        return node

    def visit_Output(self, node: nodes.Output) -> nodes.Node:  # noqa: N802 - as above
        """What a template says, among it texts with markup."""
        self.generic_visit(node)
        node.nodes = [piece for each in node.nodes for piece in self._pieces(each)]
        return node

    def _pieces(self, node: nodes.Expr) -> list[nodes.Expr]:
        """A message as the text around what is filled in, and that; anything else as it is."""
        match node:
            case nodes.Call(
                node=nodes.Name(name="gettext"), args=[nodes.Const(value=str() as message)]
            ):
                filled = {each.key: each.value for each in node.kwargs}
                found: list[nodes.Expr] = []
                for place, part in enumerate(_FILLED_IN.split(self._language.said(message))):
                    if place % 2:
                        found.append(filled[part])
                    elif part:
                        # `{% trans %}` doubles the per cent signs of its text.
                        text = part.replace("%%", "%")
                        found.append(
                            nodes.TemplateData(
                                text, lineno=node.lineno, environment=node.environment
                            )
                        )
                return found
        return [node]


class _Compiler(CodeGenerator):
    def visit_Template(  # noqa: N802 - as above
        self, node: nodes.Template, frame: Frame | None = None
    ) -> None:
        assert isinstance(self.environment, Templates)
        _Saying(self.environment.language).visit(node)
        super().visit_Template(node, frame)


class Templates(Environment):
    """The templates of a service in one language, on NHS.UK frontend.

    Args:
        package: the service's, in whose folder `templates` they are.
        language: in which they speak.
        values: what every page knows.
    """

    code_generator_class = _Compiler

    def __init__(self, package: str, language: Language, **values: Any) -> None:
        self.language = language
        super().__init__(
            loader=ChoiceLoader(
                [
                    PackageLoader(package),
                    PackageLoader("shared"),
                    PackageLoader("nhsuk_frontend_jinja"),
                ]
            ),
            # NHS.UK frontend's macros ask for members of what may not be there.
            undefined=ChainableUndefined,
            autoescape=True,
            # They come with the code: looking whether one changed is for those who change code too.
            auto_reload=False,
            trim_blocks=True,
            lstrip_blocks=True,
            extensions=["jinja2.ext.do", "jinja2.ext.i18n"],
        )
        self.policies["ext.i18n.trimmed"] = True
        self.install_gettext_translations(language.translations, newstyle=True)  # type: ignore[attr-defined]
        self.globals |= {"_": language.said, "read_in": language, **values}

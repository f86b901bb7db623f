"""How long the tests wait for an answer: a machine that does much at once takes its time."""

import ast
from pathlib import Path

import httpx

TESTS = Path(__file__).parents[1]
ASKS = frozenset(
    {"Client", "AsyncClient", "delete", "get", "head", "options", "patch", "post", "put", "request"}
)


def asks_at_most_five_seconds(node: ast.Call) -> bool:
    """Whether httpx is called with the patience that it has by itself."""
    return (
        isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and (node.func.value.id, node.func.attr in ASKS) == (httpx.__name__, True)
        and not {each.arg for each in node.keywords} & {"timeout", "transport"}
    )


def test_no_test_gives_up_after_the_five_seconds_of_httpx():
    found = [
        f"{path.relative_to(TESTS)}:{node.lineno}"
        for path in TESTS.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and asks_at_most_five_seconds(node)
    ]
    assert found == []

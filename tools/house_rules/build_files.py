"""The C++ targets of the BUILD files. Starlark's syntax is part of Python's, so Python's parser reads them."""

import ast
import dataclasses
import fnmatch

from tools.house_rules.tree import Source, Tree

_RULES = ("cc_library", "cc_binary", "cc_test")


class Unreadable(Exception):
    """A value that is not written out as a list of strings."""


@dataclasses.dataclass(frozen=True)
class Target:
    label: str
    kind: str
    path: str
    line: int
    sources: tuple[str, ...]
    headers: tuple[str, ...]
    deps: tuple[str, ...]
    testonly: bool


def targets(tree: Tree) -> tuple[dict[str, Target], list[tuple[str, int, str]]]:
    """All C++ targets by label, and (path, line, why) of what could not be read."""
    found: dict[str, Target] = {}
    unreadable: list[tuple[str, int, str]] = []
    for source in tree.sources:
        if not source.is_build:
            continue
        try:
            calls = _calls(source)
        except SyntaxError as error:
            unreadable.append((source.path, error.lineno or 1, "this is not Starlark"))
            continue
        for call, names in calls:
            try:
                target = _target(tree, source, call, names)
                found[target.label] = target
            except Unreadable as error:
                unreadable.append((source.path, call.lineno, str(error)))
    return found, unreadable


def testonly_sources(tree: Tree) -> set[str]:
    """The files of targets that tests only may use, whatever their names are."""
    known, _ = targets(tree)
    return {path for target in known.values() if target.testonly for path in target.sources + target.headers}


def full_label(label: str, package: str) -> str:
    """"//a/b" -> "//a/b:b", ":c" -> "//package:c", "@host//:x" as it is."""
    if label.startswith("@"):
        return label
    if label.startswith(":"):
        return f"//{package}{label}"
    if ":" not in label:
        return f"{label}:{label.rsplit('/', 1)[-1]}"
    return label


def _calls(source: Source) -> list[tuple[ast.Call, dict[str, object]]]:
    """The calls of C++ rules with the names that stand for values there: the file's constants, and the variable of a
    list comprehension that makes several targets of one description."""
    parsed = ast.parse(source.text)
    constants: dict[str, object] = {}
    for statement in parsed.body:
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            constants[statement.targets[0].id] = statement.value
    calls = []
    in_comprehensions = set()
    for node in ast.walk(parsed):
        if isinstance(node, ast.ListComp) and _is_rule(node.elt):
            in_comprehensions.add(node.elt)
            generator = node.generators[0]
            for element in _elements(generator.iter, constants):
                calls.append((node.elt, constants | _bound(generator.target, element)))
        elif _is_rule(node) and node not in in_comprehensions:
            calls.append((node, constants))
    return calls  # type: ignore[return-value]


def _elements(node: object, names: dict[str, object]) -> list[object]:
    """What a comprehension walks over: strings, or tuples of strings and lists."""
    if isinstance(node, ast.Name):
        node = names.get(node.id, node)
    if isinstance(node, ast.List) and all(isinstance(element, ast.Tuple) for element in node.elts):
        return list(node.elts)
    return list(_values(node, names))


def _bound(target: ast.expr, element: object) -> dict[str, object]:
    if isinstance(target, ast.Name):
        return {target.id: element}
    if isinstance(target, ast.Tuple) and isinstance(element, ast.Tuple):
        return {name.id: value for name, value in zip(target.elts, element.elts) if isinstance(name, ast.Name)}
    return {}


def _is_rule(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _RULES


def _target(tree: Tree, source: Source, call: ast.Call, names: dict[str, object]) -> Target:
    arguments = {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}
    package = source.folder
    files = [path[len(package) + 1 :] for path in tree.by_path if path.startswith(package + "/")]

    def strings(name: str) -> list[str]:
        return _values(arguments[name], names, files) if name in arguments else []

    def paths(name: str) -> tuple[str, ...]:
        return tuple(_file(file, package) for file in strings(name))

    name = _values(arguments["name"], names)[0]
    deps = tuple(full_label(dep, package) for dep in strings("deps"))
    kind = call.func.id  # type: ignore[attr-defined]
    headers = paths("hdrs") + paths("textual_hdrs")
    testonly = kind == "cc_test" or "default_testonly = True" in source.text
    if isinstance(arguments.get("testonly"), ast.Constant):
        testonly = bool(arguments["testonly"].value)
    return Target(f"//{package}:{name}", kind, source.path, call.lineno, paths("srcs"), headers, deps, testonly)


def _file(name: str, package: str) -> str:
    if name.startswith("//"):
        return name[2:].replace(":", "/").lstrip("/")
    return f"{package}/{name.lstrip(':')}" if package else name.lstrip(":")


def _values(node: object, names: dict[str, object], files: list[str] | None = None) -> list[str]:
    """The strings that an expression stands for; a single string is a list of one."""
    if isinstance(node, str):
        return [node]
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value]
    if isinstance(node, ast.Name) and node.id in names:
        return _values(names[node.id], names, files)
    if isinstance(node, ast.List):
        return [value for element in node.elts for value in _values(element, names, files)]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = _values(node.left, names, files), _values(node.right, names, files)
        is_list = any(_is_list(side, names) for side in (node.left, node.right))
        return left + right if is_list else [left[0] + right[0]]
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "glob" and node.args:
        patterns = _values(node.args[0], names)
        return [file for file in files or [] if any(fnmatch.fnmatch(file, pattern) for pattern in patterns)]
    raise Unreadable("names, srcs, hdrs and deps are written out, so that they can be compared with the includes")


def _is_list(node: object, names: dict[str, object]) -> bool:
    if isinstance(node, ast.Name):
        return _is_list(names.get(node.id), names)
    if isinstance(node, ast.BinOp):
        return _is_list(node.left, names) or _is_list(node.right, names)
    return isinstance(node, ast.List | ast.Call)

"""DMN XML to a decision model: text in, (model, problems) out; nothing raises on any bytes.

Reads OMG DMN 1.1 to 1.5 by local names, so that the namespaces of all versions are one. Document types and entities
are refused before the parser sees them. Expressions are not parsed here; that is done when the model is prepared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from msgspec import Struct
from msgspec.structs import replace

from charter.engine.decisions import model as m

# A model larger than this is refused, and so is one nested deeper.
MOST_BYTES = 32 * 1024 * 1024
DEEPEST = 200


class Problem(Struct, frozen=True):
    """Why a file is no DMN model: a slug, what it is about, and the line where that is known."""

    slug: str
    detail: str
    line: int | None = None


def read_dmn(data: bytes) -> tuple[m.Model | None, tuple[Problem, ...]]:
    """Reads one DMN file; gives None and the reason when it is not one."""
    if len(data) > MOST_BYTES:
        return None, (Problem("too-large", str(MOST_BYTES >> 20)),)
    # UTF-16 puts a zero beside each of these characters; no other encoding that the parser takes writes them otherwise.
    plain = data.replace(b"\0", b"")
    if b"<!DOCTYPE" in plain or b"<!ENTITY" in plain:
        return None, (Problem("document-type", "<!DOCTYPE"),)
    parser: ElementTree.XMLPullParser[Element] = ElementTree.XMLPullParser(events=("start", "end", "start-ns"))
    prefixes: dict[str, str] = {}
    depth = 0
    root: Element | None = None
    try:
        for start in range(0, len(data), 65536):
            parser.feed(data[start : start + 65536])
            for event, element in parser.read_events():  # type: ignore[misc]
                if event == "start-ns":
                    prefixes.update((element,))  # type: ignore[arg-type]
                    continue
                root = element if root is None else root  # type: ignore[assignment]
                depth += 1 if event == "start" else -1
                if depth > DEEPEST:
                    return None, (Problem("too-deep", str(DEEPEST)),)
        parser.close()
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        position = getattr(error, "position", None)
        return None, (Problem("not-xml", str(error), position[0] if position else None),)
    if root is None or _local(root) != "definitions":
        return None, (Problem("no-definitions", "" if root is None else _local(root)),)
    _settle(root, prefixes)
    return _model(root), ()


def _settle(root: Element, prefixes: dict[str, str]) -> None:
    """Has type references name what their XML prefix stands for as FEEL does: by the import's name, or by no name.

    The language that a model declares for its expressions is noted at each.
    """
    imports = {e.get("namespace"): e.get("name") or "" for e in _children(root, "import")}

    def plain(reference: str) -> str:
        prefix, _, name = reference.strip().partition(":")
        space = prefixes.get(prefix)
        if name and (prefix == "feel" or space == root.get("namespace") or "/FEEL/" in (space or "")):
            return name
        if not name or space not in imports:
            return reference.strip()
        return f"{imports[space]}.{name}".removeprefix(".")

    language = root.get("expressionLanguage")
    for element in root.iter():
        if language is not None and _local(element) == "literalExpression":
            element.attrib.setdefault("expressionLanguage", language)
        for attribute in ("typeRef", "outputTypeRef"):
            if attribute in element.attrib:
                element.set(attribute, plain(element.attrib[attribute]))
        if _local(element) == "typeRef" and element.text:
            element.text = plain(element.text)


def _local(element: Element) -> str:
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def _children(element: Element, *names: str) -> Iterator[Element]:
    return (child for child in element if _local(child) in names)


def _child(element: Element, *names: str) -> Element | None:
    return next(_children(element, *names), None)


def _text(element: Element | None) -> str | None:
    """Gives the text of an element, or of its `text` child; None when there is none."""
    if element is None:
        return None
    inner = _child(element, "text")
    text = (inner if inner is not None else element).text
    return text.strip() if text is not None and text.strip() else None


def _type(element: Element | None) -> str | None:
    """Gives a type reference, as an attribute or (in item definitions) a child element."""
    if element is None:
        return None
    return element.get("typeRef") or _text(_child(element, "typeRef"))


def _variable_type(element: Element) -> str | None:
    variable = _child(element, "variable")
    return _type(variable) if variable is not None else None


def _references(element: Element, *names: str) -> tuple[str, ...]:
    """Lists the ids that href children name; a bare fragment loses its `#`."""
    found = (child.get("href", "").strip() for child in element.iter() if _local(child) in names)
    return tuple(href.removeprefix("#") for href in found if href)


def _model(root: Element) -> m.Model:
    decisions, inputs, knowledge, services = [], [], [], []
    for element in root:
        ident, name = element.get("id") or element.get("name") or "", element.get("name") or ""
        match _local(element):
            case "inputData":
                inputs.append(m.InputData(ident, name, _variable_type(element)))
            case "decision":
                decisions.append(
                    m.Decision(
                        ident,
                        name,
                        _logic(element),
                        _variable_type(element),
                        _references(element, "requiredDecision", "requiredInput", "requiredKnowledge"),
                        _text(_child(element, "question")),
                    )
                )
            case "businessKnowledgeModel":
                logic = _child(element, "encapsulatedLogic")
                function = _function(logic) if logic is not None else None
                required = _references(element, "requiredKnowledge")
                knowledge.append(m.Knowledge(ident, name, function, _variable_type(element), required))
            case "decisionService":
                services.append(
                    m.Service(
                        ident,
                        name,
                        _references(element, "outputDecision"),
                        _references(element, "encapsulatedDecision"),
                        _references(element, "inputDecision"),
                        _references(element, "inputData"),
                        _variable_type(element),
                    )
                )
    return m.Model(
        name=root.get("name") or "",
        namespace=root.get("namespace") or "",
        imports=tuple(m.Import(e.get("namespace") or "", e.get("name") or "") for e in _children(root, "import")),
        items=tuple(_item(e) for e in _children(root, "itemDefinition")),
        inputs=tuple(inputs),
        decisions=tuple(decisions),
        knowledge=tuple(knowledge),
        services=tuple(services),
    )


def _item(element: Element) -> m.ItemDefinition:
    function = _child(element, "functionItem")
    return m.ItemDefinition(
        name=element.get("name") or "",
        type=_type(element),
        allowed=_text(_child(element, "allowedValues")),
        constraint=_text(_child(element, "typeConstraint")),
        components=tuple(_item(e) for e in _children(element, "itemComponent")),
        collection=element.get("isCollection") in ("true", "1"),
        function=None
        if function is None
        else (tuple(_type(p) for p in _children(function, "parameters")), function.get("outputTypeRef")),
    )


def _box_in(element: Element | None) -> m.Box | None:
    """Gives the boxed expression among an element's children, if there is one."""
    if element is None:
        return None
    for child in element:
        build = BOXES.get(_local(child))
        if build is not None:
            return build(child)
    return None


def _logic(decision: Element) -> m.Box | None:
    """Gives the logic of a decision; a table of one output has the type of the variable, unless it says its own."""
    box = _box_in(decision)
    if isinstance(box, m.Table) and box.type is None and len(box.outputs) == 1:
        return replace(box, type=_variable_type(decision))
    return box


def _part(element: Element, name: str) -> m.Box:
    """Gives the boxed expression inside a named child; a missing one is null."""
    return _box_in(_child(element, name)) or m.Literal("null")


def _literal(element: Element) -> m.Box:
    return m.Literal(_text(element) or "", _foreign(element), type=_type(element))


def _foreign(element: Element) -> str | None:
    """Gives the language of an expression or cell that is not FEEL."""
    language = element.get("expressionLanguage")
    return None if language is None or "feel" in language.lower() else language


def _context(element: Element) -> m.Box:
    entries: list[m.Entry] = []
    result: m.Box | None = None
    for child in _children(element, "contextEntry"):
        variable, value = _child(child, "variable"), _box_in(child)
        if variable is None:
            result = value
        else:
            entries.append(m.Entry(variable.get("name") or "", value, _type(variable)))
    return m.Context(tuple(entries), result, type=_type(element))


def _items(element: Element) -> m.Box:
    return m.Items(tuple(BOXES[_local(e)](e) for e in element if _local(e) in BOXES), type=_type(element))


def _relation(element: Element) -> m.Box:
    columns = tuple(e.get("name") or "" for e in _children(element, "column"))
    rows = tuple(tuple(BOXES[_local(e)](e) for e in row if _local(e) in BOXES) for row in _children(element, "row"))
    return m.Relation(columns, rows, type=_type(element))


def _invocation(element: Element) -> m.Box:
    arguments = []
    for binding in _children(element, "binding"):
        parameter = _child(binding, "parameter")
        name = parameter.get("name") or "" if parameter is not None else ""
        arguments.append(m.Entry(name, _box_in(binding), _type(parameter)))
    return m.Invocation(_box_in(element) or m.Literal("null"), tuple(arguments), type=_type(element))


def _function(element: Element) -> m.FunctionBox:
    parameters = tuple(m.Parameter(e.get("name") or "", _type(e)) for e in _children(element, "formalParameter"))
    return m.FunctionBox(parameters, _box_in(element), element.get("kind") or "FEEL", type=_type(element))


def _conditional(element: Element) -> m.Box:
    parts = (_part(element, name) for name in ("if", "then", "else"))
    return m.Conditional(*parts, type=_type(element))


def _filter(element: Element) -> m.Box:
    return m.FilterBox(_part(element, "in"), _part(element, "match"), type=_type(element))


def _iterator(element: Element) -> m.Box:
    kind = _local(element)
    body = _part(element, "return" if kind == "for" else "satisfies")
    variable = element.get("iteratorVariable") or ""
    return m.Iterator(kind, variable, _part(element, "in"), body, type=_type(element))  # type: ignore[arg-type]


def _table(element: Element) -> m.Box:
    """Gives a table; one with a cell in another language has no answer, so it counts as an expression of that."""
    language = next(filter(None, map(_foreign, element.iter())), None)
    if language is not None:
        return m.Literal("", language, type=_type(element))
    inputs = []
    for clause in _children(element, "input"):
        expression = _child(clause, "inputExpression")
        allowed = _text(_child(clause, "inputValues"))
        inputs.append(m.InputClause(_text(expression) or m.NOTHING, _type(expression), allowed, clause.get("label")))
    outputs = tuple(
        m.OutputClause(
            clause.get("name"),
            _type(clause),
            _text(_child(clause, "outputValues")),
            _text(_child(clause, "defaultOutputEntry")),
        )
        for clause in _children(element, "output")
    )
    rules = tuple(
        m.Rule(
            tuple(_text(e) or "-" for e in _children(rule, "inputEntry")),
            tuple(_text(e) or "null" for e in _children(rule, "outputEntry")),
            rule.get("id"),
        )
        for rule in _children(element, "rule")
    )
    return m.Table(
        tuple(inputs),
        outputs,
        rules,
        element.get("hitPolicy") or "UNIQUE",  # type: ignore[arg-type]
        element.get("aggregation"),  # type: ignore[arg-type]
        type=_type(element),
    )


BOXES: dict[str, Callable[[Element], m.Box]] = {
    "literalExpression": _literal,
    "context": _context,
    "list": _items,
    "relation": _relation,
    "invocation": _invocation,
    "functionDefinition": _function,
    "conditional": _conditional,
    "filter": _filter,
    "for": _iterator,
    "every": _iterator,
    "some": _iterator,
    "decisionTable": _table,
}

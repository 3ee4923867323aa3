"""Requirement graphs (OMG DMN 1.5, chapters 6 and 10.4): decisions, knowledge and services of linked models.

`Graph` prepares a model with those it imports; `evaluate` computes one decision, `invoke` calls a business knowledge
model or a decision service. A decision sees only what it requires. Evaluating never raises: what goes wrong gives
null and the reasons. Invariant: a Graph holds no state of any evaluation and may be used from any thread.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from msgspec import Struct, field

from charter.engine.decisions import model as m
from charter.engine.decisions.boxes import Builder, answering
from charter.engine.decisions.items import Item, Items
from charter.engine.feel.compiler import Scope, closure, invoke
from charter.engine.feel.frames import Env, Frame, Run, State
from charter.engine.feel.limits import OverBudget
from charter.engine.feel.ranges import Function

Element = m.InputData | m.Decision | m.Knowledge | m.Service


class Outcome(Struct, frozen=True):
    """A value, and the reasons of every null met on the way; an error was met when there are any.

    `tables` are those that were asked, in that order, each with the rules that held, numbered from 0; `broken` says
    that the value rests on a text that cannot be read, or on a function or type that does not exist.
    """

    value: Any
    reasons: tuple[str, ...] = ()
    tables: tuple[tuple[m.Table, tuple[int, ...]], ...] = ()
    broken: bool = False


class Problem(Struct, frozen=True):
    """What is wrong with a model itself: a slug, the element it is about, and the detail."""

    slug: str
    element: str
    detail: str = ""


class _Run(Struct):
    """One evaluation: what was given, what has been computed; `given` is keyed by element key.

    `loose` are inputs that nothing declares: every decision sees them, under what it requires.
    """

    given: Mapping[str, Any]
    state: State
    loose: Mapping[str, Any] = field(default_factory=dict)
    known: dict[str, Any] = field(default_factory=dict)

    def frame(self, names: Mapping[str, Any]) -> Frame:
        return Frame(names, None, self.state)


class Graph:
    """A model linked with the models that it imports, directly or through others."""

    def __init__(self, model: m.Model, imported: Mapping[str, m.Model] | None = None) -> None:
        self.model = model
        self.models = {**(imported or {}), model.namespace: model}
        self.problems: list[Problem] = []
        self.elements: dict[str, Element] = {}
        self.home: dict[str, m.Model] = {}
        for each in self.models.values():
            for element in _elements(each):
                key = f"{each.namespace}#{element.id}"
                if key in self.elements:
                    self.problems.append(Problem("duplicate-id", element.id))
                self.elements[key] = element
                self.home[key] = each
        self._builders: dict[str, Builder] = {}
        self._logic: dict[str, Run] = {}
        self._variables: dict[str, Item | None] = {}
        self._requirements: dict[str, tuple[tuple[str | None, str, str], ...]] = {}

    # -- asking

    def keys(self, name: str, namespace: str | None = None) -> Iterator[str]:
        """Yields the keys of the elements of a name, those of this model unless another namespace is given."""
        wanted = namespace or self.model.namespace
        return (key for key, e in self.elements.items() if e.name == name and self.home[key].namespace == wanted)

    def evaluate(
        self, name: str, inputs: Mapping[str, Any], env: Env | None = None, namespace: str | None = None
    ) -> Outcome:
        """Computes a decision from input values by name.

        Imported inputs may be given in a context under the import's name, or as `NAMESPACE#NAME`.
        """
        key = next((k for k in self.keys(name, namespace) if isinstance(self.elements[k], m.Decision)), None)
        if key is None:
            return Outcome(None, (f"unknown decision `{name}`",))
        return self._start(lambda run: self._value(key, run), inputs, env)

    def invoke(
        self, name: str, inputs: Mapping[str, Any], env: Env | None = None, namespace: str | None = None
    ) -> Outcome:
        """Calls a decision service or a business knowledge model with arguments by name; missing ones are null."""
        found = self.keys(name, namespace)
        key = next((k for k in found if isinstance(self.elements[k], m.Service | m.Knowledge)), None)
        if key is None:
            return Outcome(None, (f"unknown decision service `{name}`",))

        def call(run: _Run) -> Any:
            function = self._value(key, run)
            if type(function) is not Function:
                return None
            frame = run.frame({})
            missing = [p for p in function.parameters if p not in inputs]
            if missing:
                frame.note(f"`{name}` needs `{', '.join(missing)}`")
                return None
            return invoke(function, tuple(inputs.get(p) for p in function.parameters), frame, name)

        return self._start(call, {}, env)

    # -- what a checker may know

    def own(self) -> dict[str, Element]:
        """Gives the elements of the model itself by key, without those it imports."""
        return {key: element for key, element in self.elements.items() if self.home[key] is self.model}

    def names(self, model: m.Model) -> frozenset[str]:
        """Gives the names, blanks and operators included, with which the texts of a model are read."""
        return self._builder(model).names

    def items(self, model: m.Model) -> Items:
        """Gives the types that a model may name."""
        return self._builder(model).items

    def _start(self, work: Callable[[_Run], Any], inputs: Mapping[str, Any], env: Env | None) -> Outcome:
        types = self._builder(self.model).items.types()
        base = env or Env()
        state = State(Env(base.now, base.steps, {**types, **(base.types or {})}, base.external), True)
        state.tables = []
        declared = {e.name for e in self.elements.values()} | {i.name for i in self.model.imports}
        run = _Run(self.given(inputs), state, {name: inputs[name] for name in inputs.keys() - declared})
        try:
            value = work(run)
        except (OverBudget, RecursionError, MemoryError) as why:
            run.frame({}).note(str(why) or "the evaluation goes too deep")
            value = None
        return Outcome(value, tuple(state.reasons or ()), tuple(state.tables), bool(state.broken))

    def given(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """Gives the keys of the elements that these inputs name, with their values."""
        found: dict[str, Any] = {}
        for key, element in self.elements.items():
            home = self.home[key]
            if element.name in inputs and isinstance(element, m.InputData | m.Decision):
                found[key] = inputs[element.name]
            exact = f"{home.namespace}#{element.name}"
            if exact in inputs:
                found[key] = inputs[exact]
        todo: list[tuple[m.Model, Mapping[str, Any]]] = [(self.model, inputs)]
        while todo:
            model, values = todo.pop()
            for each in model.imports:
                part, imported = values.get(each.name), self.models.get(each.namespace)
                if each.name and isinstance(part, Mapping) and imported is not None:
                    todo.append((imported, part))
                    elements: tuple[m.InputData | m.Decision, ...] = (*imported.inputs, *imported.decisions)
                    found |= {f"{each.namespace}#{e.id}": part[e.name] for e in elements if e.name in part}
        return found

    # -- what an element requires

    def requires(self, key: str) -> tuple[tuple[str | None, str, str], ...]:
        """Lists what an element sees: (the import's name or None, the element's name, its key)."""
        found = self._requirements.get(key)
        if found is None:
            element, home = self.elements[key], self.home[key]
            seen = []
            for reference in getattr(element, "requires", ()):
                target = reference if "#" in reference else f"{home.namespace}#{reference}"
                if target not in self.elements:
                    self.problems.append(Problem("unknown-reference", element.name, reference))
                    continue
                namespace = self.home[target].namespace
                alias = None
                if namespace != home.namespace:
                    alias = next((i.name for i in home.imports if i.namespace == namespace), None) or None
                seen.append((alias, self.elements[target].name, target))
            found = self._requirements[key] = tuple(seen)
        return found

    def _scope(self, key: str, run: _Run) -> dict[str, Any]:
        """Gives the names that an element's logic may use, with their values."""
        names: dict[str, Any] = {}
        for alias, name, target in self.requires(key):
            value = self._value(target, run)
            if alias is None:
                names[name] = value
            else:
                names.setdefault(alias, {})[name] = value
        return names

    # -- values

    def _value(self, key: str, run: _Run) -> Any:
        if key in run.known:
            return run.known[key]
        element = self.elements[key]
        frame = run.frame({})
        if key in run.given and isinstance(element, m.InputData | m.Decision):
            item = self._variable(key)
            value = run.given[key]
            value = value if item is None else item.fit(value, frame)
        elif isinstance(element, m.InputData):
            value = None
        else:
            run.known[key] = None  # what requires itself finds nothing there
            run.state.deeper()
            value = _VALUES[type(element)](self, key, element, run)
            run.state.depth -= 1
        run.known[key] = value
        return value

    def _decision(self, key: str, decision: m.Decision, run: _Run) -> Any:
        frame = run.frame({**run.loose, **self._scope(key, run)})
        value = self._logic_of(key, decision.logic)(frame)
        item = self._variable(key)
        return value if item is None else item.fit(value, frame)

    def _knowledge(self, key: str, knowledge: m.Knowledge, run: _Run) -> Any:
        """Gives a function; it may call itself by its name."""
        scope = self._scope(key, run)
        function = self._logic_of(key, knowledge.logic)(run.frame(scope))
        if type(function) is not Function:
            return function
        scope.setdefault(knowledge.name, function)
        return function

    def _service(self, key: str, service: m.Service, run: _Run) -> Any:
        home = self.home[key]

        def target(reference: str) -> str:
            return reference if "#" in reference else f"{home.namespace}#{reference}"

        inputs = [target(r) for r in (*service.input_data, *service.input_decisions)]
        outputs = [target(r) for r in service.outputs]
        if not outputs:
            return run.frame({}).note(f"`{service.name}` returns no decision")
        if any(k not in self.elements for k in (*inputs, *outputs)):
            return run.frame({}).note(f"`{service.name}` refers to something that does not exist")
        parameters = tuple(self.elements[k].name for k in inputs)
        item = self._variable(key)

        def call(values: tuple[Any, ...], caller: Frame) -> Any:
            inner = _Run(dict(zip(inputs, values, strict=True)), caller.state, run.loose)
            for each, value in inner.given.items():
                kind = self._variable(each)
                if value is not None and kind is not None and kind.fit(value, caller) is None:
                    return caller.note(f"an argument of `{service.name}` has the wrong type")
            found = {self.elements[k].name: self._value(k, inner) for k in outputs}
            value = next(iter(found.values())) if len(outputs) == 1 else found
            return value if item is None else item.fit(value, caller)

        return Function(parameters, call)

    # -- compiling, on first use

    def _builder(self, model: m.Model) -> Builder:
        builder = self._builders.get(model.namespace)
        if builder is None:
            definitions: dict[str, m.ItemDefinition] = {}
            names: set[str] = set()
            for prefix, each in ((f"{i.name}." if i.name else "", self.models.get(i.namespace)) for i in model.imports):
                for item in each.items if each is not None else ():
                    definitions[prefix + item.name] = item
                names.update(_names(each) if each is not None else ())
            definitions.update((item.name, item) for item in model.items)
            names.update(_names(model), _parts(model))
            names.update(i.name for i in model.imports)
            known = frozenset(names - {""})
            builder = self._builders[model.namespace] = Builder(Items(definitions, known), known)
        return builder

    def _variable(self, key: str) -> Item | None:
        if key not in self._variables:
            self._variables[key] = self._builder(self.home[key]).items.named(self.elements[key].type)
        return self._variables[key]

    def _logic_of(self, key: str, box: m.Box | None) -> Run:
        run = self._logic.get(key)
        if run is None:
            builder = self._builder(self.home[key])
            node = builder.tree(box)
            if isinstance(self.elements[key], m.Knowledge):
                node = answering(node, self._variable(key))
            run = self._logic[key] = closure(node, Scope())
        return run


_VALUES: dict[type, Callable[[Graph, str, Any, _Run], Any]] = {
    m.Decision: Graph._decision,
    m.Knowledge: Graph._knowledge,
    m.Service: Graph._service,
}


def _elements(model: m.Model) -> Iterator[Element]:
    yield from model.inputs
    yield from model.decisions
    yield from model.knowledge
    yield from model.services


def _parts(model: m.Model) -> Iterator[str]:
    """Yields the names with blanks that the boxes of a model give to parts of their values."""
    todo: list[m.Box | None] = [*(d.logic for d in model.decisions), *(k.logic for k in model.knowledge)]
    while todo:
        box = todo.pop()
        names: tuple[str | None, ...] = ()
        if isinstance(box, m.Relation):
            names = box.columns
        elif isinstance(box, m.Table):
            names = tuple(clause.name for clause in box.outputs)
        elif isinstance(box, m.Context):
            names = tuple(entry.name for entry in box.entries)
            todo += [*(entry.value for entry in box.entries), box.result]
        elif isinstance(box, m.FunctionBox):
            todo.append(box.body)
        # With an operator in it a name could be read where an expression is meant.
        yield from (name for name in names if name and name.replace(" ", "").isidentifier())


def _names(model: m.Model) -> Iterator[str]:
    """Yields the names that texts of a model may use: its elements' and its types' components'."""
    yield from (element.name for element in _elements(model))
    todo = list(model.items)
    while todo:
        item = todo.pop()
        yield from (c.name for c in item.components)
        yield item.name
        todo.extend(item.components)

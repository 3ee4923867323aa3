"""Services, spelled out: in the place of a service stand its materials, its agreed time and its work.

So no later pass knows how a service is carried out. Of a service `repair` there are, for a request that names it,

    repair_materials         whoever may request it hands in what is wanted; without `materials` there is none
    repair_terms             looks up how long the agreement gives, and keeps that in the record `repair_promise`
    repair                   the work: `run PROCESS`, another line of work, or that of who offers it
      repair_time            the clock of the agreed time, from when the work may begin

and after the last service the milestone `out_of_scope`, reached by a request that names none of them. What a catalogue
says of a service stays in the tree, as a line of the process (`lowered`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeVar

from msgspec.structs import replace

from charter.dsl.check.expressions import feel_text
from charter.dsl.check.findings import Findings
from charter.dsl.check.references import check_roles
from charter.dsl.check.scopes import ProcessScope
from charter.dsl.check.spelling import at, expr, is_chinese
from charter.dsl.text import tree as t
from charter.dsl.text.phrases import quote
from charter.dsl.text.words import spelled
from charter.engine.offered import Service

# what only services have, by the word for it, and whether it must be there; all other lines are those of the work
_OWN: dict[type, tuple[str, bool]] = {
    t.Audience: ("AUDIENCE", True),
    t.OfferedBy: ("OFFERED_BY", True),
    t.RequestedBy: ("REQUESTED_BY", True),
    t.Materials: ("MATERIALS", False),
    t.AgreedIn: ("AGREED_IN", False),
    t.Review: ("REVIEW_EVERY", False),
    t.Version: ("VERSION", False),
}
_Of = TypeVar("_Of", bound=t.Line)


def spelled_out(tree: t.File) -> t.File:
    """Gives a file with what its services mean in their place, and the services themselves last in their process."""
    return replace(tree, items=tuple(_process(item) if isinstance(item, t.Process) else item for item in tree.items))


def services_of(line: Any) -> Iterator[t.Service]:
    """Yields the services of a process in their order, before they are spelled out."""
    for below in getattr(line, "body", ()) if isinstance(line, t.Process | t.Element) else ():
        if isinstance(below, t.Service):
            yield below
        yield from services_of(below)


def _process(node: t.Process) -> t.Process:
    services = list(services_of(node))
    if not services:
        return node
    declared = (line for service in services for line in _Spelled(service).declarations())
    body = _block(node, services).body
    return replace(node, body=(*body, *declared, *(replace(s, comments=t.NO_COMMENTS) for s in services)))


def _block(node: Any, services: list[t.Service]) -> Any:
    body: list[t.Line] = []
    for line in node.body:
        if isinstance(line, t.Service):
            body += _Spelled(line).elements()
            if line is services[-1] and line.asked is not None:
                body.append(_out_of_scope(line.asked, services))
        else:
            body.append(_block(line, services) if isinstance(line, t.Element) else line)
    return replace(node, body=tuple(body))


def _out_of_scope(asked: t.Name, services: list[t.Service]) -> t.Element:
    """Gives the milestone of a request that names no service; whoever may ask for one hears of it."""
    chinese = is_chinese(services[0].name.text)
    titled = any(service.title is not None and is_chinese(service.title.text) for service in services)
    titles = ", ".join(quote(title_of(service)) for service in services)
    asking = {role.text: role for service in services for role in _roles(service, t.RequestedBy)}
    body = (
        t.When("when", expr(f"not({asked.text} in ({titles}))", asked), **at(asked)),
        t.Raci("informed", tuple(replace(role, span=asked.span) for role in asking.values()), **at(asked)),
    )
    title = t.Text(("out of scope", "不在约定的服务范围内")[titled], span=asked.span)
    return t.Element("milestone", t.Name(_OUT[chinese], span=asked.span), title, body, span=asked.span)


class _Spelled:
    def __init__(self, service: t.Service) -> None:
        self.service = service
        self.words = _WORDS[is_chinese(service.name.text)]
        self.title = title_of(service)
        self.chinese = is_chinese(self.title)
        self.cited = tuple(line for line in service.body if isinstance(line, t.Source))
        self.offered = self._one(t.OfferedBy)
        self.asking = self._one(t.RequestedBy)
        self.materials = self._one(t.Materials)
        self.agreed = self._one(t.AgreedIn)
        self.within = within_of(service)
        # What nothing but the text decides cannot be unknown.
        varies = self.agreed is not None or (self.within is not None and not {".", "["}.isdisjoint(self.within.text))
        self.terms = (self.agreed or self.within) if varies else None

    def _one(self, kind: type[_Of]) -> _Of | None:
        return next((line for line in self.service.body if isinstance(line, kind)), None)

    def _named(self, part: str) -> str:
        return f"{self.service.name.text}_{self.words[part]}"

    def _name(self, part: str, place: Any) -> t.Name:
        return t.Name(self._named(part), span=place.span)

    def _titled(self, part: str, place: Any) -> t.Text:
        return t.Text(_TITLES[part][self.chinese].format(self.title), span=place.span)

    def _element(self, part: str, place: Any, *lines: t.Line) -> t.Element:
        return t.Element(
            "activity", self._name(part, place), self._titled(part, place), (*self.cited, *lines), span=place.span
        )

    def _condition(self, own: t.When | None = None) -> Iterator[t.Line]:
        """Yields the lines by which an element takes the request and waits for one that names the service."""
        asked = self.service.asked
        if asked is None:
            yield from () if own is None else (own,)
            return
        named = f"{asked.text} = {quote(self.title)}"
        if own is not None:
            named = f"{named} and ({feel_text(own.expr)})"
        yield t.When("when", expr(named, asked), **at(asked))
        yield t.Input((t.Name(asked.text.partition(".")[0], span=asked.span),), **at(asked))

    def elements(self) -> Iterator[t.Element]:
        """Yields the elements that carry the service out, the work last."""
        if self.materials is not None and self.asking is not None:
            role = t.Raci("role", self.asking.roles, **at(self.asking))
            wanted = t.Checklist(self.materials.checks, **at(self.materials))
            yield self._element("materials", self.materials, role, *self._condition(), wanted)
        if self.terms is not None:
            given = t.Argument(self._word("time", self.terms), self._time(), span=self.terms.span)
            work = t.Work("decide", self._name("promised", self.terms), (given,), **at(self.terms))
            output = t.Output((self._name("promise", self.terms),), **at(self.terms))
            yield self._element("terms", self.terms, work, *self._condition(), output)
        yield self._work()

    # --- how long it may take ------------------------------------------------------------------------------------

    def _clock(self) -> Iterator[t.Sla]:
        target = self._target()
        if target is None:
            return
        body: list[Any] = [*self.cited]
        body.append(t.ClockWhen("stops", expr(f"{self.service.name.text}.done", target), **at(target)))
        body += (line for line in self.service.body if isinstance(line, t.OnCalendar | t.At))
        body.append(t.Agreed(target, **at(target)))
        yield t.Sla(self._name("time", target), self._titled("time", target), tuple(body), **at(target))

    def _target(self) -> t.Expr | None:
        if self.terms is not None:
            return expr(f"{self._named('promise')}.{self.words['time']}", self.terms)
        return self.within

    def _time(self) -> t.Expr | None:
        """Gives what the agreement says, or else what is promised to everybody."""
        if self.agreed is None:
            return self.within
        said = feel_text(self.agreed.expr) or "null"
        if self.within is None:
            return self.agreed.expr
        return expr(f"if ({said}) != null then ({said}) else ({feel_text(self.within)})", self.agreed.expr)

    def _word(self, part: str, place: Any) -> t.Name:
        return t.Name(self.words[part], span=place.span)

    def declarations(self) -> Iterator[t.Line]:
        """Yields the record that keeps the agreed time, and the table that writes it: what is unknown it does not."""
        place = self.terms
        if place is None:
            return
        time = self._word("time", place)
        title = self._titled("time", place)
        kept = t.Field(time, t.Type("duration", **at(place)), title, **at(place))
        yield t.Record(self._name("promise", place), title, (kept,), **at(place))
        columns = t.Columns((expr(time.text, place),), (time,), **at(place))
        row = t.Row((expr("-", place), expr(time.text, place)), **at(place))
        yield t.Decision(self._name("promised", place), title, (time,), (columns, row), **at(place))

    # --- the work ------------------------------------------------------------------------------------------------

    def _work(self) -> t.Element:
        service = self.service
        own = (*_OWN, t.At, t.When)
        lines = [line for line in service.body if not isinstance(line, own) and not is_within(line)]
        lines += self._condition(self._one(t.When))
        if self.offered is not None:
            roles = {line.kind for line in lines if isinstance(line, t.Raci)}
            alone = "role" not in roles and not any(isinstance(line, t.Work | t.Wait) for line in lines)
            if alone or "accountable" not in roles:
                lines.append(t.Raci("role" if alone else "accountable", self.offered.roles, **at(self.offered)))
        if self.terms is not None:
            lines.append(t.Input((self._name("promise", self.terms),), **at(self.terms)))
        if self.materials is not None:
            lines.append(t.After((self._name("materials", self.materials),), **at(self.materials)))
        body = (*lines, *self._clock())
        return t.Element("activity", service.name, service.title, body, span=service.span, comments=service.comments)


# what the parts of a service are called after its name; `time` is the field of the promise, too
_WORDS: tuple[dict[str, str], dict[str, str]] = (
    {each: each for each in ("materials", "terms", "promised", "promise", "time")},
    {
        "materials": "材料",
        "terms": "约定",
        "promised": "约定时间",
        "promise": "承诺",
        "time": "时间",
    },
)
_OUT = ("out_of_scope", "超出范围")
# what stands for part of a service -> its title in English and in Chinese
_TITLES = {
    "materials": ("materials for {}", "提供材料：{}"),
    "terms": ("what is agreed for {}", "查约定的所需时间：{}"),
    "time": ("agreed time of {}", "{}的约定时间"),
}


def title_of(service: t.Service) -> str:
    """Gives by what a request names a service."""
    return service.title.text if service.title is not None else service.name.text


def is_within(line: t.Line) -> bool:
    return isinstance(line, t.Measure) and line.kind == "within"


def within_of(service: t.Service) -> t.Expr | None:
    return next((x.expr for x in service.body if isinstance(x, t.Measure) and x.kind == "within"), None)


# --- what is wrong with them -------------------------------------------------------------------------------------


def check_services(tree: t.File, findings: Findings) -> None:
    """Reports services that lack a line or have one twice, and those that a request could not tell apart."""
    for item in tree.items:
        services = list(services_of(item))
        for service in services:
            _lines(service, findings)
        for number, service in enumerate(services):
            for other in services[:number]:
                _apart(service, other, findings)


def _lines(service: t.Service, findings: Findings) -> None:
    name, language = service.name, findings.language
    for kind, (word, needed) in _OWN.items():
        lines = [line for line in service.body if isinstance(line, kind)]
        for extra in lines[1:]:
            findings.add("CH213", extra.span, word=spelled(word, language), element=name.text)
        if needed and not lines:
            findings.add("CH347", name.span, name=name.text, word=spelled(word, language))
    for extra in [line for line in service.body if is_within(line)][1:]:
        findings.add("CH213", extra.span, word=spelled("WITHIN", language), element=name.text)
    if not any(isinstance(line, t.AgreedIn) or is_within(line) for line in service.body):
        findings.add("CH348", name.span, name=name.text)


def _apart(service: t.Service, other: t.Service, findings: Findings) -> None:
    asked, theirs = (each.asked.text if each.asked is not None else None for each in (service, other))
    told: dict[str, Any] = {"name": service.name.text, "other": other.name.text, "title": title_of(service)}
    if asked is None or asked != theirs:
        place = service.asked if service.asked is not None else service.name
        findings.add("CH349", place.span, hint="service_asked", **told)
    elif title_of(service) == title_of(other):
        findings.add("CH349", (service.title or service.name).span, **told)


def check_offered(scope: ProcessScope, findings: Findings) -> None:
    """Reports services that are offered by or to roles that are none, and those that nobody may ask for."""
    for service in _kept(scope):
        asking = _roles(service, t.RequestedBy)
        for line in service.body:
            if isinstance(line, t.OfferedBy | t.RequestedBy | t.Review):
                check_roles(line.roles, "service", scope, findings)
        internal = any(isinstance(line, t.Audience) and line.kind == "internal" for line in service.body)
        outside = [r for r in asking if (known := scope.role(r.text)) is not None and known.node.external]
        for role in outside if internal else ():
            findings.add("CH657", role.span, name=service.name.text, role=role.text)
        _asked(service, {role.text for role in asking}, scope, findings)


def _asked(service: t.Service, asking: set[str], scope: ProcessScope, findings: Findings) -> None:
    """Reports a service that no request can name: because of who writes it, or of what they may write."""
    if service.asked is None or scope.record(record := service.asked.text.partition(".")[0]) is None:
        return
    told: dict[str, Any] = {"name": service.name.text, "title": title_of(service), "field": service.asked.text}
    writers = scope.producers.get(record, [])
    roles = [{role.text for line in part.all(t.Raci) if line.kind == "role" for role in line.roles} for part in writers]
    if writers and all(had and had.isdisjoint(asking) for had in roles) and record not in scope.inputs:
        named = ", ".join(f"`{role}`" for role in sorted(set().union(*roles)))
        findings.add("CH469", service.name.span, hint="service_roles", record=record, roles=named, **told)
    field = scope.field_of(record, service.asked.text.partition(".")[2])
    if field is not None and field.type.choices and title_of(service) not in {c.text for c in field.type.choices}:
        findings.add("CH469", (service.title or service.name).span, **told)


def _kept(scope: ProcessScope) -> list[t.Service]:
    found: list[t.Service] = scope.header.get(t.Service, [])
    return found


def _roles(service: t.Service, kind: type[t.OfferedBy | t.RequestedBy]) -> tuple[t.Name, ...]:
    return tuple(role for line in service.body if isinstance(line, kind) for role in line.roles)


def lowered(scope: ProcessScope) -> tuple[Service, ...]:
    """Gives what the engine and the catalogue know of the services of a process."""
    return tuple(map(_lowered, _kept(scope)))


def _lowered(service: t.Service) -> Service:
    lines = service.body
    audience = next(line.kind for line in lines if isinstance(line, t.Audience))
    version = next((line.text for line in lines if isinstance(line, t.Version)), "1")
    review = next((line for line in lines if isinstance(line, t.Review)), None)
    agreed = next((line.expr for line in lines if isinstance(line, t.AgreedIn)), None)
    run = next((line.target.text for line in lines if isinstance(line, t.Work) and line.kind == "run"), None)
    materials = next((line.checks for line in lines if isinstance(line, t.Materials)), ())
    return Service(
        name=service.name.text,
        title=title_of(service),
        audience=audience,
        offered=tuple(role.text for role in _roles(service, t.OfferedBy)),
        requested=tuple(role.text for role in _roles(service, t.RequestedBy)),
        asked=service.asked.text if service.asked is not None else None,
        materials=tuple(check.title.text for check in materials),
        outputs=tuple(name.text for line in lines if isinstance(line, t.Output) for name in line.names),
        within=feel_text(within_of(service)),
        agreed=feel_text(agreed),
        run=run,
        version=version,
        review=feel_text(review.every) if review is not None else None,
        reviewers=tuple(role.text for role in review.roles) if review is not None else (),
        clauses=tuple(name.text for line in lines if isinstance(line, t.Source) for name in line.ids),
    )

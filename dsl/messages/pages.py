"""Pages of codes: what a code means, what to do about it, and an example that is real.

A page is a file `CODE.md`: `# CODE: slug`, the text in English, `## 中文` with the same in Chinese, then, where a
process file can show it, `## Examples` (a wrong file and a right one) or `## Example` (one, often with a scenario).
FOLDER holds the pages of diagnostics and of the engine's refusals, because `dsl` says their sentences; other codes have
theirs elsewhere. It does not know which codes there are. Invariant, held by tests: an example does what its page says.
"""

from __future__ import annotations

import re

from msgspec import Struct

from charter.dsl.messages import languages
from charter.dsl.messages.render import spelled
from charter.engine.shipped import shipped

FOLDER = ("charter.dsl", "diagnostics")


class Page(Struct, frozen=True):
    """`texts`: by language that is written. `examples`: none, one, or a wrong one and a right one."""

    code: str
    slug: str
    texts: dict[str, str]
    examples: tuple[str, ...]

    def text(self, lang: str) -> str:
        """Gives the text in a language, keywords in backticks spelled as that language does."""
        text = languages.told(self.texts[languages.source(lang)], lang)
        return text if lang == "en" else re.sub(r"`([a-z ]+)`", lambda quoted: _keyword(quoted, lang), text)

    def shown(self, lang: str) -> tuple[str, ...]:
        """Gives the examples in the keywords of the reader's language; as they are where one is no readable text."""
        from charter.dsl.text.printer import format

        if lang == "en":
            return self.examples
        found = [format(example, languages.keywords(lang)) for example in self.examples]
        return self.examples if any(unread for _, unread in found) else tuple(text for text, _ in found)


def read(folder: tuple[str, str], code: str) -> Page:
    """Reads a code's page in a folder of a package; raises OSError where there is none."""
    package, path = folder
    head, _, body = shipped(package, f"{path}/{code}.md").partition("\n")
    code, _, slug = head.removeprefix("# ").partition(": ")
    english, _, rest = body.partition("\n## 中文\n")
    chinese, _, examples = rest.partition("\n## Example")
    found = re.findall(r"```charter\n(.*?)```", examples, re.DOTALL)
    return Page(code, slug, {"en": english.strip(), "zh": chinese.strip()}, tuple(found))


def _keyword(quoted: re.Match[str], lang: str) -> str:
    # these are names of expressions, which are FEEL in every language
    return quoted[0] if quoted[1] in ("case", "process") else f"`{spelled(quoted[1], languages.keywords(lang))}`"

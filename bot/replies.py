"""What is said about matches: captions and sentences."""

from collections.abc import Iterator, Sequence
from html import escape

from aiogram.types import Message

from bot.asked import hashtags, title_and_tags
from bot.telegram_files import Shown
from bot.texts import Text
from engine import Match, PictureWarning, SearchResult, StoredImage

AMONG_MARK = "🏷"
TITLE_CHARACTERS = 200  # a caption holds 1,024
LINE_CHARACTERS = 60


def captions(result: SearchResult, matches: Sequence[Match], t: Text, *, first: int, ids: bool) -> list[Shown]:
    """Each match with its place, title and score; `ids` for those who can name a picture to a command."""
    return [
        Shown(match.image, caption(match, t, place=place, calibrated=result.calibrated, ids=ids))
        for place, match in enumerate(matches, first)
    ]


def caption(match: Match, t: Text, *, place: int, calibrated: bool, ids: bool) -> str:
    """One match under its picture."""
    line = t("caption", place=place, title=title(match.image), score=score(match, t, calibrated=calibrated))
    return with_id(line, match, t) if ids else line


def with_id(text: str, match: Match, t: Text) -> str:
    """A text about a match, for those who can name its picture to a command."""
    return f"{text}\n{t('caption-id', id=str(match.image.id))}"


def title(image: StoredImage, characters: int = TITLE_CHARACTERS) -> str:
    """What a picture is called."""
    name = " ".join((image.title or image.filename).split())
    return name if len(name) <= characters else name[: characters - 1] + "…"


def score(match: Match, t: Text, *, calibrated: bool) -> str:
    """How sure a match is: in words, and in per cent where that means something."""
    words = t.plain(f"score-{match.grade}")
    # Only the very same bytes are certain.
    certainty = 1.0 if match.evidence.exact else min(match.score, 0.999)
    return t.plain("score-percent", words=words, percent=t.percent(certainty)) if calibrated else words


def found(
    result: SearchResult,
    matches: Sequence[Match],
    t: Text,
    *,
    first: int,
    tags: Sequence[str] = (),
    has_buttons: bool = True,
) -> str:
    """What the answer says as a whole, above the buttons.

    The list of matches again: Telegram shows captions within an album only once a picture of it is opened.
    """
    same, variants = (sum(match.lane == lane for match in matches) for lane in ("same", "variant"))
    if first > 1:
        lines = [t("found-more", count=len(matches), first=first, last=first + len(matches) - 1)]
    elif same:
        lines = [t("found-same", count=same)]
    elif variants:
        lines = [t("found-variant", count=variants)]
    elif not all(match.weak for match in matches):
        lines = [t("found-alike")]
    else:
        lines = [t("found-weak-only")]
    for place, match in enumerate(matches, first):
        name, certainty = title(match.image, LINE_CHARACTERS), score(match, t, calibrated=result.calibrated)
        lines.append(t("found-line", place=place, title=name, score=certainty))
    if not result.calibrated:
        lines.append(t("uncalibrated"))
    if result.from_page:
        lines.append(t("from-page"))
    if tags:
        lines.append(among(tags, t))
    if has_buttons:
        lines.append(t("found-buttons"))
    return "\n".join([*warnings(result.warnings, t), *lines])


def nothing(result: SearchResult, t: Text, *, same_only: bool, tags: Sequence[str] = ()) -> str:
    """What is said where no match is shown."""
    key = "nothing-same" if same_only else "nothing"
    if same_only and not all(match.weak for match in result.matches):
        key = "nothing-same-near"
    elif not result.library_size:
        key = "nothing-tagged" if tags else "nothing-empty"
    elif tags:
        key = "nothing-among"
    said = t(key, count=result.library_size, tags=hashtags(tags))
    whence = [t("from-page")] if result.from_page and result.library_size else []
    scope = [among(tags, t)] if tags and key in ("nothing-same-near", "nothing-among") else []
    return "\n".join([*warnings(result.warnings, t), said, *whence, *scope])


def among(tags: Sequence[str], t: Text) -> str:
    """That only pictures with these tags were looked among; `tags_in` reads it off again."""
    return f"{AMONG_MARK} {t('found-among', tags=hashtags(tags))}"


def tags_in(message: Message) -> tuple[str, ...]:
    """The tags that an answer says it has looked among."""
    for line in (message.text or message.caption or "").splitlines():
        if line.startswith(AMONG_MARK):
            return tuple(title_and_tags(line)[1])
    return ()


def warnings(given: Sequence[PictureWarning], t: Text) -> list[str]:
    """What there is to know of a picture that was taken all the same, a line each."""
    return [t(key) if t.has(key := f"warning-{one.code}") else escape(one.message) for one in given]


def why(match: Match, t: Text, *, calibrated: bool) -> str:
    """The evidence in words, under the picture that shows it."""
    sure = escape(score(match, t, calibrated=calibrated))  # it may say `<1%`
    lines = [f"<b>{t('why-title', title=title(match.image))}</b>", sure]
    return "\n".join([*lines, *_reasons(match, t)])


def _reasons(match: Match, t: Text) -> Iterator[str]:
    evidence = match.evidence
    if evidence.exact:
        yield t("why-exact")
        return
    if match.lane == "alike":
        yield t("why-alike")
        return
    if match.lane == "variant":
        yield t("why-variant")
    if evidence.edits:
        words = t.plain("list-separator").join(t.plain(f"edit-{edit.value}") for edit in evidence.edits)
        yield t("why-edits", edits=words)
    if evidence.keypoints:
        yield t("why-keypoints", count=evidence.keypoints)
    elif match.lane == "same":
        yield t("why-whole")
    if evidence.differs:
        yield t("why-differs", count=len(evidence.differs))

"""The page as it is served: put together from the files in `web`, once, when the server starts.

There is no build step: each module is served as it is written. What a browser needs for its first look comes with the
HTML itself, in the reader's language: the styles, the page's outlines, and its texts. The modules are named there too,
so that all of them are asked for at once. Their addresses hold the version of the whole page, and what is at such an
address never changes.
"""

import gzip
import hashlib
import html
import json
import re
from base64 import b64encode
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from string import Template
from urllib.parse import parse_qs

from fastapi import Request, Response
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import MEDIA_TYPE
from api.guards import PAGE_POLICY

WEB = Path(__file__).with_name("web")
TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
}
WORKER, MANIFEST = "sw.js", "manifest.webmanifest"
ENTRIES = ("start.js", "app.js")
SHARE = "/share"  # where browsers send what other apps share; the service worker answers, where there is one
FOR_EVER = "public, max-age=31536000, immutable"
COOKIE = "pictrace.language"
VERSIONED = re.compile(r"/files/([0-9a-f]+)/(.+)")
OUR_ADDRESS = re.compile(r'\b(href|src)="/([^"?#]+)"')
SHEETS = re.compile(r'(?:\s*<link rel="stylesheet" href="/[^"]+">)+')
IMPORT = re.compile(r'^(?:import|export)\b[^"=;]*"(\.{1,2}/[^"]+)";', re.MULTILINE)
LANGUAGE = re.compile(r'^  (\w+): "(.+)",$', re.MULTILINE)
LATER = ' fetchpriority="low"'  # in their order, but after what the first module asks of the server
REPLACED = (b"content-type", b"content-length", b"content-security-policy")  # of a problem, by the page that shows it
HOST = re.compile(r"([\w.-]+)(?::\d+)?", re.ASCII)


class Texts(Template):
    """HTML in which the page's texts are named by their keys."""

    braceidpattern = r"(?a:[a-zA-Z]+(?:\.[a-zA-Z]+)*)"


@dataclass(frozen=True)
class Served:
    """A file as it is sent: plain, and packed where that makes it smaller."""

    content: bytes
    media_type: str
    policy: str | None = None

    @cached_property
    def etag(self) -> str:
        return f'W/"{hashlib.sha256(self.content).hexdigest()[:20]}"'

    @cached_property
    def packed(self) -> bytes | None:
        packed = gzip.compress(self.content, 9, mtime=0)
        return packed if len(packed) < len(self.content) * 0.9 else None

    def answer(self, request: Request, *, caching: str = "no-cache", vary: str = "Accept-Encoding") -> Response:
        """The answer to a request, 304 where the browser has it."""
        headers = {"ETag": self.etag, "Cache-Control": caching, "Vary": vary}
        known = [one.strip() for one in request.headers.get("if-none-match", "").split(",")]
        if self.etag in known or "*" in known:
            return Response(status_code=304, headers=headers)
        if self.policy:
            headers["Content-Security-Policy"] = self.policy
        if self.packed is not None and "gzip" in request.headers.get("accept-encoding", ""):
            return Response(self.packed, headers=headers | {"Content-Encoding": "gzip"}, media_type=self.media_type)
        return Response(self.content, headers=headers, media_type=self.media_type)


class ServedPage:
    """All files of the page, read once, and the HTML that is made of them."""

    def __init__(self, folder: Path = WEB) -> None:
        paths = sorted(path for path in folder.rglob("*") if path.suffix in TYPES)
        self.files = {
            path.relative_to(folder).as_posix(): Served(path.read_bytes(), TYPES[path.suffix]) for path in paths
        }
        self._html = {path.relative_to(folder).as_posix(): path.read_text("utf-8") for path in folder.rglob("*.html")}
        self.languages = dict(LANGUAGE.findall(self._text("shared/languages.js")))
        self.version = self._version()
        self.worker = self._worker()
        self._made: dict[tuple[str, str], Served] = {}

    def modules(self) -> list[str]:
        """All modules, those that the first look needs before the others."""
        others = [path for path in self.files if path.endswith(".js") and path not in (WORKER, *self._first)]
        return [*self._first, *others]

    @cached_property
    def _first(self) -> tuple[str, ...]:
        """The modules of the first look: what is started, and what it imports, as far as that goes."""
        found = list(ENTRIES)
        for module in found:
            imported = (_resolved(module, name) for name in IMPORT.findall(self._text(module)))
            found += [one for one in dict.fromkeys(imported) if one not in found]
        return tuple(found)

    def address(self, path: str) -> str:
        """Where a file is found in this version, for ever."""
        return f"/files/{self.version}/{path}"

    def language(self, headers: Headers, cookies: dict[str, str]) -> str:
        """The reader's choice, or the first of the browser's languages that there is, or English."""
        wanted = [cookies.get(COOKIE, ""), *_by_preference(headers.get("accept-language", ""))]
        return next((tag for one in wanted if (tag := one.lower().partition("-")[0]) in self.languages), "en")

    def html(self, language: str, skeleton: str) -> Served:
        """The page's HTML, with the outlines of one of its views."""
        if (language, skeleton) not in self._made:
            self._made[language, skeleton] = self._compose(language, skeleton)
        return self._made[language, skeleton]

    def problem(self, language: str, *, code: str, path: str, host: str) -> Served:
        """What somebody sees who came to an address in the browser that cannot be answered."""
        texts = self._texts(language)
        heading, advice = texts["error.heading"], [f"<p>{html.escape(_sentence(texts, code))}</p>"]
        home = f'<p class="row"><a class="button primary" href="/">{html.escape(texts["problem.home"])}</a></p>'
        if code == "wrong_host":
            heading, advice = self._naming(texts, host)
        elif path == SHARE:
            heading, advice = texts["share.heading"], [f"<p>{html.escape(texts['share.noWorker'])}</p>", home]
        else:
            advice.append(home)
        given = {"lang": _html_language(language), "heading": html.escape(heading), "advice": "\n".join(advice)}
        return self._with_styles(Template(self._html["problem.html"]).substitute(given))

    def _naming(self, texts: dict[str, str], host: str) -> tuple[str, list[str]]:
        """What to set so that the server answers to this name."""
        found = HOST.fullmatch(host)
        if not found:
            return texts["error.heading"], [f"<p>{html.escape(texts['error.wrong_host'])}</p>"]
        name = found[1].lower().rstrip(".")
        setting = f"PICTRACE_ALLOWED_HOSTS={html.escape(name)}"
        return texts["host.heading"].replace("{host}", name), [
            f"<p>{html.escape(texts['host.text'])}</p>",
            f"<pre><code>{setting}</code></pre>",
            f'<p class="fine">{html.escape(texts["host.more"])}</p>',
        ]

    def _compose(self, language: str, skeleton: str) -> Served:
        texts = {key: html.escape(text) for key, text in self._texts(language).items()}
        current = ' aria-current="page"'
        is_asking = skeleton != "library"
        header = {
            "languages": "".join(
                f'<option lang="{tag}"{" selected" if tag == language else ""}>{name}</option>'
                for tag, name in self.languages.items()
            ),
            "asking": current if is_asking else "",
            "looking": "" if is_asking else current,
        }
        outlines = "\n".join(
            Texts(self._html[f"skeletons/{name}.html"]).substitute(texts | header) for name in ("header", skeleton)
        )
        tagline = texts["library.heading"] if not is_asking else texts["app.tagline"]
        made = Template(self._html["index.html"]).substitute(
            lang=_html_language(language),
            tag=language,
            title=f"PicTrace · {tagline}" if is_asking else f"{tagline} · PicTrace",
            skeleton=outlines,
            texts=_in_html(self._texts(language)),
        )
        preloads = "".join(
            f'\n    <link rel="modulepreload" href="/{path}"{"" if path == ENTRIES[0] else LATER}>'
            for path in self.modules()
        )
        return self._with_styles(made.replace("</title>", f"</title>{preloads}", 1))

    def _with_styles(self, made: str) -> Served:
        """The style sheets that are named, written into the page itself; addresses with the version."""
        found = SHEETS.search(made)
        paths = re.findall(r'href="/([^"]+)"', found[0]) if found else []
        style = "\n".join(self._text(path) for path in paths)
        made = SHEETS.sub("@style@", made, count=1)
        made = OUR_ADDRESS.sub(self._in_this_version, made)
        made = made.replace("@style@", f"\n    <style>{style}</style>", 1)
        digest = b64encode(hashlib.sha256(style.encode()).digest()).decode()
        policy = PAGE_POLICY.replace("style-src 'self'", f"style-src 'self' 'sha256-{digest}'")
        return Served(made.encode(), "text/html; charset=utf-8", policy)

    def _in_this_version(self, named: re.Match[str]) -> str:
        attribute, path = named.groups()
        is_kept = path in self.files and path != MANIFEST  # browsers know an app by its manifest's address
        return f'{attribute}="{self.address(path)}"' if is_kept else named[0]

    def _version(self) -> str:
        whole = hashlib.sha256()
        for path, content in sorted((self._html | {path: file.etag for path, file in self.files.items()}).items()):
            whole.update(f"{path}\0{content}\0".encode())
        return whole.hexdigest()[:12]

    def _worker(self) -> Served:
        """The service worker, which is told the version, and the files that it keeps."""
        kept = [self.address(path) for path in self.modules()] + [self.address("icon.svg")]
        shell = {"version": self.version, "files": kept}
        content = f"const SHELL = {json.dumps(shell)};\n{self._text(WORKER)}"
        return Served(content.encode(), TYPES[".js"], "default-src 'none'; connect-src 'self'")

    def _texts(self, language: str) -> dict[str, str]:
        """All that the page says in a language."""
        found: dict[str, str] = {}
        for folder in ("shared/texts", "locales"):
            found |= json.loads(self._text(f"{folder}/{language}.json"))
        return found

    def _text(self, path: str) -> str:
        return self.files[path].content.decode()


class PageFiles:
    """ASGI application that serves the page and its files."""

    def __init__(self, page: ServedPage) -> None:
        self._page = page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        path = scope["path"]
        response = self._found(request, path)
        if response is None:
            raise HTTPException(404)
        if request.method not in ("GET", "HEAD"):
            raise HTTPException(405)
        await response(scope, receive, send)

    def _found(self, request: Request, path: str) -> Response | None:
        page = self._page
        if path in ("/", "/index.html"):
            language = page.language(request.headers, request.cookies)
            made = page.html(language, skeleton_of(request.url.query))
            return made.answer(request, vary="Accept-Encoding, Accept-Language, Cookie")
        if path == f"/{WORKER}":
            return page.worker.answer(request)
        of_version = VERSIONED.fullmatch(path)
        file = page.files.get(of_version[2] if of_version else path.removeprefix("/"))
        is_current = of_version is not None and of_version[1] == page.version
        return file.answer(request, caching=FOR_EVER if is_current else "no-cache") if file else None


class ProblemPages:
    """Shows somebody who follows a link to an error what is wrong; programs get their JSON."""

    def __init__(self, app: ASGIApp, *, page: ServedPage) -> None:
        self._app = app
        self._page = page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or "text/html" not in Headers(scope=scope).get("accept", ""):
            await self._app(scope, receive, send)
            return
        start: Message | None = None

        async def shown(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start" and Headers(scope=message).get("content-type") == MEDIA_TYPE:
                start = message
            elif start is None:
                await send(message)
            elif message.get("body"):
                content = self._content(scope, json.loads(message["body"]))
                headers = [one for one in start["headers"] if one[0].lower() not in REPLACED]
                await send({**start, "headers": headers + _headers(content)})
                await send({**message, "body": content.content})
                start = None

        await self._app(scope, receive, shown)

    def _content(self, scope: Scope, problem: dict[str, str]) -> Served:
        request = Request(scope)
        language = self._page.language(request.headers, request.cookies)
        host = request.headers.get("host", "")
        return self._page.problem(language, code=problem["code"], path=scope["path"], host=host)


def skeleton_of(query: str) -> str:
    """Which outlines an address shows first: of the question, of the library, or that something is under way."""
    wanted = parse_qs(query)
    if wanted.get("view") == ["library"]:
        return "library"
    is_shared = "shared" in parse_qs(query, keep_blank_values=True)
    return "waiting" if is_shared or wanted.keys() & {"view", "url", "like", "image"} else "ask"


def _headers(served: Served) -> list[tuple[bytes, bytes]]:
    made = {
        "content-type": served.media_type,
        "content-length": str(len(served.content)),
        "content-security-policy": served.policy or PAGE_POLICY,
        "vary": "Accept, Accept-Language, Cookie",
    }
    return [(name.encode(), value.encode()) for name, value in made.items()]


def _sentence(texts: dict[str, str], code: str) -> str:
    return texts.get(f"error.{code}", texts["error.server"])


def _by_preference(accepted: str) -> list[str]:
    """The tags of an Accept-Language header, the most wanted first."""

    def weight(one: str) -> float:
        try:
            return -float(one.partition(";q=")[2] or 1)
        except ValueError:
            return 0

    parts = [part.replace(" ", "") for part in accepted.split(",")]
    return [part.partition(";")[0] for part in sorted(parts, key=weight)]


def _html_language(tag: str) -> str:
    return "zh-Hans" if tag == "zh" else tag


def _in_html(value: object) -> str:
    """JSON that cannot end the element that it stands in."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")


def _resolved(module: str, name: str) -> str:
    """The path of what a module imports by a relative one."""
    parts = module.split("/")[:-1]
    for part in name.split("/"):
        if part == "..":
            parts.pop()
        elif part != ".":
            parts.append(part)
    return "/".join(parts)

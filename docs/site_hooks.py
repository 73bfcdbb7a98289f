"""What MkDocs does besides: lists as on GitHub, the page's own icon, and `llms.txt`, a plain list of the pages."""

import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.nav import Navigation
from mkdocs.structure.pages import Page

ICON = Path(__file__).resolve().parents[1] / "api" / "web" / "icon.svg"


def on_files(files: Files, config: MkDocsConfig) -> Files:
    files.append(File.generated(config, "images/icon.svg", abs_src_path=str(ICON)))
    return files


def on_nav(nav: Navigation, config: MkDocsConfig, files: Files) -> Navigation:
    lines = [f"# {config.site_name}\n\n> {config.site_description}\n"]
    lines += [f"- [{page.title}]({page.url}): {_first_sentence(page.file)}" for page in nav.pages]
    files.append(File.generated(config, "llms.txt", content="\n".join(lines) + "\n"))
    return nav


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    return lists_apart(markdown)


def lists_apart(markdown: str) -> str:
    """With an empty line before each list, which GitHub does not need; blocks of code stay as they are."""
    parts = re.split(r"(^```.*?^```)", markdown, flags=re.MULTILINE | re.DOTALL)
    parts[::2] = [
        re.sub(r"^((?!- |\d+\. |\s).+)\n(?=- |1\. )", r"\1\n\n", part, flags=re.MULTILINE) for part in parts[::2]
    ]
    return "".join(parts)


def _first_sentence(file: File) -> str:
    """What a page is about: the first sentence of its text, without links."""
    paragraphs = (" ".join(part.split()) for part in file.content_string.split("\n\n"))
    first = next((part for part in paragraphs if part[:1].isalpha()), "")
    return re.split(r"(?<=\.) ", re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", first))[0]

"""A hook of MkDocs: the site also has the files outside docs/ that its pages link to.

README.md is the front page. A file of code gets a page that shows it, under source/.
"""

import posixpath
import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

PAGES = {
    "README.md": "index.md",
    "benchmarks/README.md": "benchmarks.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
}
"""Pages outside docs/, and their places in the site."""
LINK = re.compile(r"\]\(([^)#:]+)(#[^)]*)?\)")


def place(page: str, link: str) -> tuple[str, str]:
    """The target of a link of a page, in the repository and in the site."""
    path = posixpath.normpath(posixpath.join(posixpath.dirname(page), link))
    inside = path.removeprefix("docs/")
    return path, PAGES.get(path, inside if inside != path else f"source/{path}.md")


def repository_path(file: File) -> str:
    """A page's path in the repository."""
    return {v: k for k, v in PAGES.items()}.get(file.src_uri, f"docs/{file.src_uri}")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds the pages outside docs/, then a page for each file of code that a page links to."""
    root = Path(config.config_file_path).parent
    for path, uri in PAGES.items():
        files.append(File.generated(config, uri, content=(root / path).read_text()))
    for page in list(files.documentation_pages()):
        for link, _ in LINK.findall(page.content_string):
            path, uri = place(repository_path(page), link)
            if uri.startswith("source/") and (root / path).is_file() and uri not in files.src_uris:
                code = (root / path).read_text()
                text = f"# {path}\n\n```{Path(path).suffix[1:]}\n{code}\n```\n"
                files.append(File.generated(config, uri, content=text))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Turns links of the repository into links of the site."""
    if page.file.src_uri.startswith("source/"):
        return markdown
    source = repository_path(page.file)
    return LINK.sub(lambda m: f"]({place(source, m[1])[1]}{m[2] or ''})", markdown)

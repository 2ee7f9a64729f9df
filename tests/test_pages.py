"""The README and the pages of docs/: every link and its anchor exist; the site has every page."""

import re

import pytest
import yaml

import jaxgan
from jaxgan import apply, average, cli, evaluate, latent, sample, search
from jaxgan.run import configs
from jaxgan.run.styling import Styling
from tests.conftest import ROOT

PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "benchmarks/README.md")),
    *sorted((ROOT / "docs").glob("*.md")),
]


def prose(path):
    """The text of a page without its blocks of code."""
    return re.sub(r"^```.*?^```", "", path.read_text(), flags=re.S | re.M)


def anchors(path):
    """The anchors of a page's headings, as GitHub makes them."""
    titles = re.findall(r"^#+ (.+)$", prose(path), re.M)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page):
    for link in re.findall(r"\]\(([^)]+)\)", prose(page)):
        assert not link.startswith("/"), link
        if not link.startswith("http"):
            target, _, anchor = link.partition("#")
            file = page.parent / target if target else page
            assert file.exists(), link
            assert not anchor or anchor in anchors(file), link


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_row_of_a_table_has_its_cells(page):
    width = 0
    for line in prose(page).splitlines():
        cells = len(re.findall(r"(?<!\\)\|", line)) if line.startswith("|") else 0
        assert not (cells and width) or cells == width, line  # one more or less is cut or empty
        width = cells


def known_flags():
    """The flags of all commands, and of train for all configs."""
    commands = [module.Command for module in (apply, average, evaluate, sample, search)]
    commands += [Styling, *(action[0] for action in latent.ACTIONS.values())]
    commands += [cli.Training(configs.find_config(name)) for name in configs.names()]
    others = {"--version", "--gpus-per-node", "--gpus-per-task", "--logdir", "--lpips"}
    return others | {name for command in commands for name, _ in cli._fields(command)}


def test_every_flag_exists():
    known = known_flags()
    for page in PAGES:
        for span in re.findall(r"`([^`]+)`", prose(page)):
            if not re.search("benchmarks|mkdocs", f"{page} {span}"):
                for flag in re.findall(r"(?<![\w-])(--[\w.-]+)", span):
                    dots = "--" + flag[2:].replace("-", "_")
                    assert {flag, dots} & known or flag == "--algorithm", f"{page.name}: {flag}"


def test_the_recipes_for_clusters_fit_together():
    blocks = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs" / "devices.md").read_text(), re.S)
    kubernetes, sky = ([*yaml.safe_load_all(block)] for block in blocks)
    parts = {part["kind"]: part for part in kubernetes}
    name, pod = parts["Job"]["metadata"]["name"], parts["Job"]["spec"]["template"]["spec"]
    assert parts["Service"]["spec"]["selector"] == {"job-name": name}
    assert pod["subdomain"] == parts["Service"]["metadata"]["name"]
    assert pod["serviceAccountName"] == parts["ServiceAccount"]["metadata"]["name"]
    assert parts["RoleBinding"]["roleRef"]["name"] == parts["Role"]["metadata"]["name"]
    assert sky[0]["run"].count("\n") == 2


def test_the_readme_is_a_front_page():
    assert (ROOT / "README.md").read_text().count("\n") <= 130


def test_the_site_lists_every_page():
    listed = re.findall(r": ([\w/]+\.md)$", (ROOT / "mkdocs.yml").read_text(), re.M)
    pages = [path.name for path in (ROOT / "docs").glob("*.md")]
    made = ["index.md", "benchmarks.md", "contributing.md", "changelog.md"]
    assert sorted(listed) == sorted(pages + made)


def test_every_picture_is_shown():
    shown = set()
    for page in PAGES:
        links = re.findall(r"!\[[^]]*\]\(([^)]+)\)", page.read_text())
        shown |= {(page.parent / link).resolve() for link in links}
    assert {path.resolve() for path in (ROOT / "docs").rglob("*.png")} == shown


def test_the_citation_has_the_version_of_the_code():
    assert f"\nversion: {jaxgan.__version__}\n" in (ROOT / "CITATION.cff").read_text()

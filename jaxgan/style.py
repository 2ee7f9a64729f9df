"""Style transfer: ``python -m jaxgan.style --content C --style S --weights F --out O``."""

from jaxgan import cli
from jaxgan.run.styling import Styling
from jaxgan.system.compiler import use_cache


def main(args: list[str]) -> int:
    """The command."""
    command = cli.parse(Styling, None, args, "jaxgan style")
    use_cache()
    print(*command(), sep="\n")
    return 0


if __name__ == "__main__":
    cli.main(main)

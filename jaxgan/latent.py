"""The latent space of a run: ``python -m jaxgan.latent RUN ACTION --out FILE``."""

from jaxgan import cli
from jaxgan.errors import InputError, did_you_mean
from jaxgan.latents.attribute import Attribute
from jaxgan.latents.directions import FindDirections
from jaxgan.latents.mix import Mix
from jaxgan.latents.paths import Interpolate, Truncate
from jaxgan.latents.project import Project
from jaxgan.latents.space import Space
from jaxgan.run.opened import open_run
from jaxgan.system.compiler import use_cache

ACTIONS = {
    "interpolate": (Interpolate, "a path from seed to seed, as a sheet or a film"),
    "attribute": (Attribute, "the direction of an attribute, by seeds that have it"),
    "directions": (FindDirections, "directions of the weights (SeFa) or the codes (GANSpace)"),
    "project": (Project, "the code whose image is nearest to a given one"),
    "mix": (Mix, "a grid of seeds, some layers of one with the others of another"),
    "truncate": (Truncate, "the same seed at several truncations"),
}
"""Actions by name: the dataclass of an action's flags, and a line on it."""


def main(args: list[str]) -> int | None:
    """The command."""
    run, name = [*args, "", ""][:2]
    if run in (*cli.HELP, "") or name in (*cli.HELP, ""):
        print("usage: jaxgan latent RUN ACTION ...\n")
        print(*(f"  {name:12}{line}" for name, (_, line) in ACTIONS.items()), sep="\n")
        print("\njaxgan latent RUN ACTION --help lists the fields of an action")
        return 0 if run else 2
    if name not in ACTIONS:
        raise InputError(
            f"action: there is no {name}; {did_you_mean(name, ACTIONS)}use {', '.join(ACTIONS)}"
        )
    action = cli.parse(ACTIONS[name][0], None, [run, *args[2:]], f"jaxgan latent RUN {name}")
    use_cache()
    opened = open_run(action.run, action.ema, action.config, action.best, member=action.member)
    done = action(Space(opened, action.code, action.label))
    print(f"{action.out}: {done}; step {opened.step}")
    return None


if __name__ == "__main__":
    cli.main(main)

"""Where real programs come from: packages that their authors published, and that somebody installed here or not."""

import importlib.metadata
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class PyPI:
    """A file of a distribution, which need not be in a package that could be imported."""

    distribution: str
    file: str  # where packages are installed

    @property
    def remedy(self) -> str:
        """What to do to have it."""
        return f"pip install {self.distribution}"

    def find(self) -> Path | None:
        """The file; None if the distribution is not installed."""
        try:
            found = importlib.metadata.distribution(self.distribution)
        except importlib.metadata.PackageNotFoundError:
            return None
        path = Path(str(found.locate_file(self.file)))
        return path if path.exists() else None


@dataclass(frozen=True)
class Npm:
    """A file in a package of npm's, which are installed in a folder and found from all folders below it."""

    package: str
    file: str  # inside the package

    @property
    def remedy(self) -> str:
        """What to do to have it."""
        return f"npm install {self.package}"

    def find(self) -> Path | None:
        """The file, by Node's rule: from the current directory upwards. None if it is nowhere."""
        here = Path.cwd()
        paths = (folder / "node_modules" / self.package / self.file for folder in (here, *here.parents))
        return next(filter(Path.is_file, paths), None)

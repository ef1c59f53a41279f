"""The README's programs are whole: who copies one has what it needs."""

import re

import pytest

from tests.support.process import ROOT

PROGRAMS = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_program_of_the_readme_compiles_and_runs_itself(program: str) -> None:
    compile(program, "README.md", "exec")
    assert program.endswith("asyncio.run(main())\n")

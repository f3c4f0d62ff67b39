"""Compilers whose output needs more than one step: Java by TeaVM from Maven, and MoonBit by its compiler from npm.

Both make modules with objects of WebAssembly's own heap. What they bring along of their libraries is part of the
modules: TeaVM's class library is Apache-2.0; MoonBit is asked for no library.
"""

import json
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from fusee.bench.workloads.standalone import without_imports

TEAVM = "0.16.0"
_POM = f"""<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>workload</groupId><artifactId>workload</artifactId><version>1</version>
  <properties>
    <maven.compiler.source>17</maven.compiler.source>
    <maven.compiler.target>17</maven.compiler.target>
  </properties>
  <dependencies>
    <dependency>
      <groupId>org.teavm</groupId><artifactId>teavm-classlib</artifactId><version>{TEAVM}</version>
      <scope>provided</scope>
    </dependency>
  </dependencies>
  <build>
    <sourceDirectory>.</sourceDirectory>
    <plugins><plugin>
      <groupId>org.teavm</groupId><artifactId>teavm-maven-plugin</artifactId><version>{TEAVM}</version>
      <executions><execution>
        <goals><goal>compile</goal></goals>
        <phase>process-classes</phase>
        <configuration>
          <targetType>WEBASSEMBLY_GC</targetType>
          <mainClass>MAIN</mainClass>
          <optimizationLevel>ADVANCED</optimizationLevel>
          <minifying>true</minifying>
        </configuration>
      </execution></executions>
    </plugin></plugins>
  </build>
</project>
"""
# Exact types are of a later proposal, which the optimizer would use.
OPTIMIZER_FLAGS = ("--all-features", "--disable-custom-descriptors", "-O3")

MOONBIT = "@moonbit/moonc-worker"
# The compiler waits for messages in a browser's worker, in the form of the comlink library.
_MOONBIT_DRIVER = """
const [source, output] = process.argv.slice(-2);
const fs = require("fs"), listeners = [], waiting = [];
globalThis.self = globalThis;
globalThis.addEventListener = (event, listener) => listeners.push(listener);
globalThis.postMessage = (message) => waiting[message.id]?.(message.value);
require("PACKAGE/moonc-worker.js");
const call = (name, argument) => new Promise((done) => {
  const id = waiting.push(done) - 1;
  const argumentList = [{ type: "RAW", value: argument }];
  for (const listener of listeners) listener({ data: { id, type: "APPLY", path: [name], argumentList }, origin: "*" });
});
(async () => {
  const common = { target: "wasm-gc", pkgSources: ["main:./"], noOpt: false };
  const built = await call("buildPackage", {
    ...common, mbtFiles: [["main.mbt", fs.readFileSync(source, "utf8")]], miFiles: [], indirectImportMiFiles: [],
    stdMiFiles: [], pkg: "main", isMain: true, errorFormat: "human", enableValueTracing: false,
  });
  if (!built.core) throw new Error(built.diagnostics.join("\\n"));
  const linked = await call("linkCore", {
    ...common, coreFiles: [built.core], main: "main", exportedFunctions: ["run"], outputFormat: "wasm", testMode: false,
    debug: false, sourceMap: false, sources: {}, stopOnMain: false,
  });
  fs.writeFileSync(output, linked.result);
  process.exit(0);
})();
"""


class MissingCompiler(Exception):
    """A workload cannot be rebuilt here; the message says how to get what it needs."""


def find_npm(package: str) -> Path:
    """Where npm has installed a package: here."""
    folder = Path("node_modules").absolute() / package
    if not folder.exists():
        raise MissingCompiler(f"needs Node.js (apt install nodejs npm) and npm install {package}")
    return folder


def npm_version(package: str) -> str:
    """As in `binaryen 132.0.0`."""
    version = json.loads((find_npm(package) / "package.json").read_text())["version"]
    return f"{package} {version.partition('+')[0]}"


def teavm_version() -> str:
    """Of the compiler, and of the optimizer after it."""
    if shutil.which("mvn") is None:
        raise MissingCompiler("Java needs a JDK and Maven: apt install default-jdk-headless maven")
    return f"teavm {TEAVM}, {npm_version('binaryen')}"


def compile_java(source: Path, output: Path, assembler: str) -> None:
    """One file of Java, whose first class has `run`, without the JavaScript that TeaVM expects beside it."""
    main = re.search(r"^final class (\w+)", source.read_text(), re.MULTILINE)
    assert main is not None
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "pom.xml").write_text(_POM.replace("MAIN", main.group(1)))
        shutil.copy(source, folder)
        subprocess.run(["mvn", "-q", "package"], check=True, cwd=folder)
        made = folder / "target" / "javascript" / "classes.wasm"
        text = subprocess.run([assembler, "print", str(made)], check=True, stdout=subprocess.PIPE, text=True).stdout
        (folder / "closed.wat").write_text(without_imports(text))
        subprocess.run([assembler, "parse", str(folder / "closed.wat"), "-o", str(made)], check=True)
        optimizer = str(find_npm("binaryen") / "bin" / "wasm-opt")
        subprocess.run([optimizer, *OPTIMIZER_FLAGS, str(made), "-o", str(output)], check=True)
    subprocess.run([assembler, "strip", "--all", str(output), "-o", str(output)], check=True)


def compile_moonbit(source: Path, output: Path) -> None:
    """One file of MoonBit without its library."""
    driver = _MOONBIT_DRIVER.replace("PACKAGE", str(find_npm(MOONBIT)))
    subprocess.run(["node", "-e", driver, "--", str(source), str(output)], check=True)

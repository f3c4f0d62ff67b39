"""Compilers whose output needs more than one step: Java by TeaVM and Kotlin by its own, both from Maven; MoonBit by its
compiler from npm; and C++ with LLVM's library of exceptions.

The first three make modules with objects of WebAssembly's own heap. What they bring along of their libraries is part of
the modules: TeaVM's class library and Kotlin's are Apache-2.0, LLVM's Apache-2.0 with LLVM's exceptions; MoonBit is
asked for no library.
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
KOTLIN = "2.3.21"
_KOTLIN_POM = f"""<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>workload</groupId><artifactId>workload</artifactId><version>1</version>
  <dependencies>
    <dependency>
      <groupId>org.jetbrains.kotlin</groupId><artifactId>kotlin-compiler-embeddable</artifactId><version>{KOTLIN}</version>
    </dependency>
    <dependency>
      <groupId>org.jetbrains.kotlin</groupId><artifactId>kotlin-stdlib-wasm-js</artifactId><version>{KOTLIN}</version>
      <type>klib</type>
      <exclusions><exclusion><groupId>*</groupId><artifactId>*</artifactId></exclusion></exclusions>
    </dependency>
  </dependencies>
</project>
"""
_KOTLIN_COMPILER = "org.jetbrains.kotlin.cli.js.K2JSCompiler"
# Exceptions in the form of WebAssembly 3.0, which all peers that have any have.
_KOTLIN_FLAGS = ("-Xwasm", "-Xwasm-target=wasm-js", "-Xwasm-use-new-exception-proposal")

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


def _run(*command: str, folder: Path | None = None) -> str:
    return subprocess.run(command, check=True, cwd=folder, stdout=subprocess.PIPE, text=True).stdout


def _close(made: Path, output: Path, assembler: str) -> None:
    """Take JavaScript's part out of a module, and what nothing needs then."""
    _run(assembler, "strip", "--all", str(made), "-o", str(made))
    closed = made.with_suffix(".wat")
    closed.write_text(without_imports(_run(assembler, "print", str(made))))
    _run(assembler, "parse", str(closed), "-o", str(made))
    _run(str(find_npm("binaryen") / "bin" / "wasm-opt"), *OPTIMIZER_FLAGS, str(made), "-o", str(output))
    _run(assembler, "strip", "--all", str(output), "-o", str(output))


def compile_java(source: Path, output: Path, assembler: str) -> None:
    """One file of Java, whose first class has `run`, without the JavaScript that TeaVM expects beside it."""
    main = re.search(r"^final class (\w+)", source.read_text(), re.MULTILINE)
    assert main is not None
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "pom.xml").write_text(_POM.replace("MAIN", main.group(1)))
        shutil.copy(source, folder)
        _run("mvn", "-q", "package", folder=folder)
        _close(folder / "target" / "javascript" / "classes.wasm", output, assembler)


def kotlin_version() -> str:
    """Of the compiler, and of the optimizer after it."""
    if shutil.which("mvn") is None:
        raise MissingCompiler("Kotlin needs a JDK and Maven: apt install default-jdk-headless maven")
    return f"kotlin {KOTLIN}, {npm_version('binaryen')}"


def kotlin_library(folder: Path) -> Path:
    """The compiler, what it needs, and the library for WebAssembly, fetched into a folder."""
    (folder / "pom.xml").write_text(_KOTLIN_POM)
    _run("mvn", "-q", "dependency:copy-dependencies", "-DoutputDirectory=library", folder=folder)
    return folder / "library"


def compile_kotlin(source: Path, output: Path, assembler: str) -> None:
    """One file of Kotlin that exports `run`, without the JavaScript that the compiler writes beside it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        fetched = kotlin_library(folder)
        library = next(fetched.glob("*.klib"))
        compiler = ("java", "-cp", f"{fetched}/*", _KOTLIN_COMPILER, *_KOTLIN_FLAGS, "-ir-output-name", "main")
        own = ("-libraries", str(library), "-Xir-produce-klib-file", "-ir-output-dir", f"{folder}/klib", str(source))
        _run(*compiler, *own)
        klib = folder / "klib" / "main.klib"
        whole = ("-libraries", f"{library}:{klib}", f"-Xinclude={klib}", "-Xir-produce-js", "-Xir-dce")
        _run(*compiler, *whole, "-ir-output-dir", str(folder / "made"))
        _close(folder / "made" / "main.wasm", output, assembler)


def exception_library(zig: Path) -> tuple[str, ...]:
    """Flags and sources for a C++ program that throws: the parts of LLVM's libraries that Zig has in this folder.

    What they need of a library of C, and what ends a program, is the workload's own.
    """
    configuration = ("BUILDING_LIBRARY", "HAS_NO_THREADS")
    absent = ("LOCALIZATION", "WIDE_CHARACTERS", "UNICODE", "FILESYSTEM", "RANDOM_DEVICE", "MONOTONIC_CLOCK", "THREADS")
    library = ("ABI_VERSION=1", "ABI_NAMESPACE=__1", "HARDENING_MODE_DEFAULT=2", "ASSERTION_SEMANTIC_DEFAULT=4")
    sources = ("cxa_exception", "cxa_exception_storage", "cxa_personality", "cxa_handlers", "private_typeinfo")
    return (
        *("-fwasm-exceptions", "-D_LIBUNWIND_HIDE_SYMBOLS", "-D_LIBCPP_BUILDING_LIBRARY", "-D_LIBCPP_HAS_MUSL_LIBC=1"),
        *(f"-D_LIBCXXABI_{name}" for name in configuration),
        *(f"-D_LIBCPP_{setting}" for setting in library),
        *(f"-D_LIBCPP_HAS_{name}=0" for name in (*absent, "VENDOR_AVAILABILITY_ANNOTATIONS")),
        *(f"-I{zig / folder}" for folder in ("libcxxabi/include", "libcxx/include", "libcxx/src", "libunwind/include")),
        *(f"-isystem{zig / 'libc/include' / name}" for name in ("wasm-wasi-musl", "generic-musl")),
        *(str(zig / "libcxxabi/src" / f"{name}.cpp") for name in (*sources, "stdlib_typeinfo", "stdlib_exception")),
        str(zig / "libunwind/src/Unwind-wasm.c"),
    )


def compile_moonbit(source: Path, output: Path) -> None:
    """One file of MoonBit without its library."""
    driver = _MOONBIT_DRIVER.replace("PACKAGE", str(find_npm(MOONBIT)))
    subprocess.run(["node", "-e", driver, "--", str(source), str(output)], check=True)

"""Specialises kernels and checks their bodies; the result is a graph of typed functions."""

from __future__ import annotations

import ast
import contextlib
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

from fusee.kernel.arena import simulate
from fusee.kernel.check.body import Body
from fusee.kernel.check.callgraph import propagate_raising, refuse_endless_inlining, refuse_lost_errors
from fusee.kernel.check.constants import Constants
from fusee.kernel.check.folding import Folding
from fusee.kernel.check.signatures import Signature, annotation_node, parameter_node, read_signature, type_arguments
from fusee.kernel.check.static import NotDescribable, Static, Value, short_name, symbol_for
from fusee.kernel.check.types import NotAType, Types
from fusee.kernel.declare import Handler, Instance, Kernel
from fusee.kernel.diagnostic import CompileError, Span, span_of
from fusee.kernel.source import source_file, syntax_of
from fusee.kernel.target import Target
from fusee.kernel.tree.functions import Specialised, Variable
from fusee.kernel.tree.statements import Return
from fusee.kernel.tree.types import NOTHING, Record, Type
from fusee.kernel.uncollected import uncollected

Code = Kernel[..., Any] | Handler[..., Any] | Instance


_Unchecked = tuple[Specialised, dict[str, Any], dict[TypeVar, Any]]  # with its static arguments and types


class Checker:
    """Checks kernels for one target. Specialisations are made once and shared by everything that needs them."""

    def __init__(self, target: Target) -> None:
        self.types = Types(target)
        self.constants = Constants(self)
        self.folding = Folding()
        self.functions: dict[str, Specialised] = {}
        self.addressed: list[tuple[Specialised, Body, ast.AST]] = []
        self._pending: list[_Unchecked] = []
        self._declared: dict[Specialised, _Unchecked] = {}
        self._not_endless: set[Specialised] = set()
        self._asked: dict[str, tuple[Specialised, Span]] = {}  # symbol -> where it was first needed
        self._signatures: dict[int, Signature] = {}
        self._counts: dict[int, Counter[str]] = {}
        self._by_arguments: dict[Any, Specialised] = {}
        self._by_code: dict[int, tuple[Code, Specialised]] = {}  # by identity, kept alive

    # --- the graph -----------------------------------------------------------------------------

    def declare(self, codes: Iterable[Code]) -> list[Specialised]:
        """The specialisations of `codes`. Bodies of handlers wait for `check_declared`: no kernel depends on them."""
        with self._for_target():
            made = [self.specialise_root(code) for code in codes]
        handlers = {function for function in made if function.handler}
        self._declared.update((body[0], body) for body in self._pending if body[0] in handlers)
        self._pending = [body for body in self._pending if body[0] not in handlers]
        return made

    def check_declared(self, handlers: Iterable[Specialised]) -> None:
        """Check what was only declared, and all that it reaches."""
        self._pending += [self._declared.pop(handler) for handler in handlers if handler in self._declared]
        self._check_pending()

    def check(self, roots: Iterable[Code]) -> list[Specialised]:
        """Check `roots` and all that they reach; the roots' specialisations."""
        with self._for_target():
            made = [self.specialise_root(root) for root in roots]
        self._check_pending()
        return made

    @contextlib.contextmanager
    def _for_target(self) -> Iterator[None]:
        with simulate(self.types.target), uncollected():
            yield

    def _check_pending(self) -> None:
        checked: list[Specialised] = []
        with self._for_target():
            while self._pending:
                unchecked = self._pending.pop()
                self._check_body(*unchecked)
                checked.append(unchecked[0])
            refuse_endless_inlining(checked, self._not_endless)
            propagate_raising(checked)
            refuse_lost_errors(checked)
        for callee, body, node in self.addressed:
            if callee.may_raise:
                raise body.error(
                    node,
                    f"`{callee.name}` may raise: nothing sees the errors of a kernel called through a pointer",
                    "call it with `caught` in a kernel that keeps the status",
                )
        self.addressed.clear()

    def _check_body(self, function: Specialised, names: dict[str, Any], arguments: dict[TypeVar, Any]) -> None:
        syntax = syntax_of(function.source.function)
        body = Body(self, function, syntax, names, arguments)
        try:
            body.statements(syntax.body)
            self._check_end(body)
        except CompileError as error:
            self._explain(error, function)
            raise

    def _check_end(self, body: Body) -> None:
        if not body.flow.reachable:
            return
        function = body.function
        if function.result is not NOTHING:
            raise body.error(body.syntax, f"`{function.name}` can end without returning a `{function.result}`")
        body.emit(Return(body.syntax.end_lineno or body.syntax.lineno, None))

    def _explain(self, error: CompileError, function: Specialised) -> None:
        """Append how `function` came to be compiled, back to what was asked for."""
        asked = self._asked.get(function.symbol)
        while asked is not None:
            caller, span = asked
            error.add_note_at(f"`{function.name}` is needed here", span)
            function, asked = caller, self._asked.get(caller.symbol)

    # --- specialisation ------------------------------------------------------------------------

    def specialise_root(self, code: Code) -> Specialised:
        kernel, given = (code.kernel, dict(code.static)) if isinstance(code, Instance) else (code, {})
        function = getattr(kernel, "function")  # noqa: B009  # of either kind
        signature = self._signature(kernel)
        span = span_of(source_file(function), syntax_of(function))
        made = self._specialise(kernel, signature, given, span, None, getattr(code, "name", None))
        if isinstance(code, Instance) and code.exports:
            made.export, *made.aliases = code.exports
        self._by_code[id(code)] = code, made
        return made

    def specialise_named(self, code: Code, body: Body, node: ast.AST) -> Specialised:
        """The specialisation that a kernel, handler or instance names without a call."""
        known = self._by_code.get(id(code))
        if known is not None:
            return known[1]
        given = dict(code.static) if isinstance(code, Instance) else {}
        kernel: Any = code.kernel if isinstance(code, Instance) else code
        span = span_of(body.function.file, node)
        made = self._specialise(kernel, self._signature(kernel), given, span, body.function, code.name)
        self._by_code[id(code)] = code, made
        return made

    def specialise_call(
        self, body: Body, node: ast.Call, code: Code, values: dict[str, tuple[ast.expr, Value]]
    ) -> Specialised:
        """The specialisation that a call needs."""
        kernel: Any = code.kernel if isinstance(code, Instance) else code
        signature = self._signature(kernel)
        given: dict[str, Any] = {}
        for name in signature.statics:
            argument, value = values[name]
            if not isinstance(value, Static):
                raise body.error(argument, f"`{name}` of `{kernel.name}` must be known at compile time")
            given[name] = value.value
        key = (kernel, *map(_identity, given.values()))
        known = self._by_arguments.get(key)
        if known is None:
            span = span_of(body.function.file, node)
            known = self._specialise(kernel, signature, given, span, body.function)
            self._by_arguments[key] = known
        return known

    def signature(self, code: Code, body: Body, node: ast.AST) -> Signature:
        """The declared signature, for messages at `node`."""
        kernel: Any = code.kernel if isinstance(code, Instance) else code
        try:
            return self._signature(kernel)
        except NotAType as problem:
            raise body.error(node, str(problem)) from None

    def _signature(self, kernel: Any) -> Signature:
        known = self._signatures.get(id(kernel))
        if known is None:
            known = self._signatures[id(kernel)] = read_signature(kernel.function)
        return known

    def _specialise(
        self,
        kernel: Any,
        signature: Signature,
        given: dict[str, Any],
        span: Span,
        asker: Specialised | None,
        label: str | None = None,
    ) -> Specialised:
        statics = tuple(given[name] for name in sorted(signature.statics) if name in given)
        missing = [name for name in signature.statics if name not in given]
        if missing:
            hint = f"`instance({kernel.name}, {missing[0]}=…)`"
            raise CompileError(f"`{kernel.name}` needs its static argument `{missing[0]}`", span, hint)
        try:
            symbol = symbol_for(kernel.module, kernel.function.__qualname__, statics)
        except NotDescribable as problem:
            raise CompileError(str(problem), span) from None
        known = self.functions.get(symbol)
        if known is None:
            known = self._declare(kernel, signature, given, symbol, span, asker)
        return known

    def _declare(
        self,
        kernel: Any,
        signature: Signature,
        given: dict[str, Any],
        symbol: str,
        span: Span,
        asker: Specialised | None,
    ) -> Specialised:
        syntax = syntax_of(kernel.function)
        file = source_file(kernel.function)
        arguments = type_arguments(signature, given)
        parameters = [
            Variable(name, self._resolve(annotation, arguments, file, annotation_node(syntax, name)), index, True)
            for index, (name, annotation) in enumerate(signature.annotations.items())
        ]
        result = self._resolve(signature.result, arguments, file, syntax.returns or syntax)
        shown = f"{kernel.name}[{', '.join(map(short_name, given.values()))}]" if given else kernel.name
        made = Specialised(symbol, shown, kernel, parameters, result, file, syntax.lineno)
        _mark(made, kernel)
        self.functions[symbol] = made
        if asker is not None:
            self._asked[symbol] = asker, span
        if made.external is None:
            self._pending.append((made, dict(given), arguments))
        if isinstance(kernel, Handler):
            self._declare_handler(made, kernel, span)
        elif parameters and isinstance(parameters[0].type, Record) and not kernel.inline:
            where = span_of(file, parameter_node(syntax, parameters[0].name))
            raise CompileError("only inline kernels and handlers take registers", where, "`@kernel(inline=True)`")
        return made

    def _declare_handler(self, made: Specialised, kernel: Handler[..., Any], span: Span) -> None:
        made.handler = True
        if made.record is None or len(made.parameters) != 1 or made.result is not NOTHING:
            where = span_of(made.file, syntax_of(kernel.function))  # type: ignore[arg-type]
            raise CompileError("a handler takes a record of registers and returns `None`", where)
        if kernel.raises_to is not None:
            target: Any = kernel.raises_to
            given = dict(target.static) if isinstance(target, Instance) else {}
            target = target.kernel if isinstance(target, Instance) else target
            made.raises_to = self._specialise(target, self._signature(target), given, span, made)
            made.status = kernel.status
            made.references[made.raises_to] = None

    # --- types ---------------------------------------------------------------------------------

    def _resolve(self, annotation: Any, arguments: dict[TypeVar, Any], file: str, node: ast.AST) -> Type:
        try:
            return self.types.resolve(annotation, arguments)
        except NotAType as problem:
            raise CompileError(str(problem), span_of(file, node)) from None

    def annotation(self, body: Body, node: ast.expr) -> Type:
        """The type that an annotation in a body means."""
        value = body.value(node)
        if not isinstance(value, Static):
            raise body.error(node, f"`{body.text(node)}` is not a type")
        return self.annotated(body, value.value, node)

    def annotated(self, body: Body, value: Any, node: ast.expr) -> Type:
        """The type that a static value is."""
        try:
            return self.types.resolve(value, body.type_arguments)
        except NotAType as problem:
            raise body.error(node, str(problem)) from None

    # --- syntax --------------------------------------------------------------------------------

    def assignment_counts(self, syntax: ast.FunctionDef) -> Counter[str]:
        """How often each local is assigned in the text of a function."""
        known = self._counts.get(id(syntax))
        if known is None:
            names = (n.id for n in ast.walk(syntax) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store))
            known = self._counts[id(syntax)] = Counter(names)
        return known


def _mark(made: Specialised, kernel: Any) -> None:
    """What the decorator of a kernel or handler says."""
    made.inline, made.cold, made.export = kernel.inline, kernel.cold, kernel.export
    made.libcall = bool(getattr(kernel, "libcall", ()))
    made.external = getattr(kernel, "external", None)
    made.weak = getattr(kernel, "weak", False)


def _identity(value: Any) -> Any:
    """A hashable stand-in for a static value; keys keep what they stand for alive elsewhere."""
    return (type(value), value) if isinstance(value, int | str | float) else id(value)

"""Worlds as WIT: what is shown, and that it is WIT."""

import subprocess
from pathlib import Path

from click.testing import CliRunner

from fusee import Engine, wat2wasm
from fusee.api.text import find_wasm_tools
from fusee.cli.commands import fusee
from fusee.component import Component
from fusee.component.wit import wit
from tests.component.asyncguests import CARRYING
from tests.component.samples import COMPOSED

SHOP = """(component
  (type $types (instance
    (type $kind' (enum "list" "cash")) (export "kind" (type $kind (eq $kind')))
    (export "till" (type $till (sub resource)))
    (export "[constructor]till" (func (param "start" u32) (result (own $till))))
    (export "[method]till.pay" (func (param "self" (borrow $till)) (param "how" $kind)
      (result (result u64 (error string)))))
    (export "[static]till.count" (func (result u32)))))
  (import "shop:base/types@1.2.0" (instance $t (type $types)))
  (alias export $t "kind" (type $kind))
  (alias export $t "till" (type $till))
  (type $sales (instance
    (alias outer 1 $kind (type $k')) (export "kind" (type $k (eq $k')))
    (alias outer 1 $till (type $t')) (export "till" (type $till (eq $t')))
    (type $item' (record (field "name" string) (field "from" (option (tuple u8 char)))))
    (export "item" (type $item (eq $item')))
    (export "sell" (func (param "at" (borrow $till)) (param "items" (list $item)) (result (result (error $k)))))))
  (import "shop:base/sales@1.2.0" (instance (type $sales)))
  (import "log" (func (param "text" string)))
  (import "plain" (instance (export "f" (func (result (list u8)))))))"""

SHOWN = """package root:component;

world root {
  import shop:base/types@1.2.0;
  import shop:base/sales@1.2.0;
  import log: func(text: string);
  import plain: interface {
    f: func() -> list<u8>;
  }
}

package shop:base@1.2.0 {
  interface types {
    enum kind {
      %list,
      cash,
    }

    resource till {
      constructor(start: u32);
      pay: func(how: kind) -> result<u64, string>;
      count: static func() -> u32;
    }
  }

  interface sales {
    use types.{kind, till};

    record item {
      name: string,
      %from: option<tuple<u8, char>>,
    }

    sell: func(at: borrow<till>, items: list<item>) -> result<_, kind>;
  }
}
"""


def test_a_world() -> None:
    assert wit(Component(Engine(), SHOP).type) == SHOWN


def test_it_is_wit(tmp_path: Path) -> None:
    for number, text in enumerate((SHOP, COMPOSED, "(component)")):
        file = tmp_path / f"{number}.wit"
        file.write_text(wit(Component(Engine(), text).type))
        done = subprocess.run([find_wasm_tools(), "component", "wit", str(file)], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr


def test_the_command(tmp_path: Path) -> None:
    (tmp_path / "shop.wasm").write_bytes(wat2wasm(SHOP))
    result = CliRunner().invoke(fusee, ["wit", str(tmp_path / "shop.wasm")])
    assert (result.output, result.exit_code) == (SHOWN, 0)
    (tmp_path / "module.wasm").write_bytes(wat2wasm("(module)"))
    result = CliRunner().invoke(fusee, ["wit", str(tmp_path / "module.wasm")])
    assert result.exit_code == 2 and "a core module" in result.output


def test_what_is_asynchronous() -> None:
    text = wit(Component(Engine(), CARRYING).type)
    assert "export count: async func(n: u32) -> stream<u8>;" in text
    assert "export twice: async func(f: future<u32>) -> future<u32>;" in text
    assert "export complain: func() -> error-context;" in text


def test_a_type_with_a_second_name() -> None:
    """It is defined once, and the other name stands for it (WIT.md, "Item: type")."""
    text = wit(Component(Engine(), """(component
      (import "test:names/types" (instance
        (type $t (record (field "x" u8))) (export "first" (type $first (eq $t)))
        (export "second" (type $second (eq $first)))
        (export "f" (func (param "r" $second) (result $first))))))""").type)
    assert text.count("record ") == 1
    assert "record first {" in text and "type second = first;" in text

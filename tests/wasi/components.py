"""Components that call WASI 0.2, in the text format."""

MEMORY = """
  (core module $memory
    (memory (export "memory") 4)
    (global $next (mut i32) (i32.const 65536))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      (global.set $next (i32.and (i32.add (global.get $next) (i32.const 7)) (i32.const -8)))
      (global.get $next)
      (global.set $next (i32.add (global.get $next) (local.get 3)))))
  (core instance $memory (instantiate $memory))
"""

IO = """
  (import "wasi:io/error@0.2.0" (instance $error (export "error" (type (sub resource)))))
  (alias export $error "error" (type $error-type))
  (import "wasi:io/streams@0.2.0" (instance $streams
    (export "input-stream" (type $input (sub resource)))
    (export "output-stream" (type $output (sub resource)))
    (alias outer 1 $error-type (type $outer-error))
    (export "error" (type $error (eq $outer-error)))
    (type $failure (variant (case "last-operation-failed" (own $error)) (case "closed")))
    (export "stream-error" (type $stream-error (eq $failure)))
    (export "[method]input-stream.blocking-read"
      (func (param "self" (borrow $input)) (param "len" u64) (result (result (list u8) (error $stream-error)))))
    (export "[method]output-stream.blocking-write-and-flush"
      (func (param "self" (borrow $output)) (param "contents" (list u8)) (result (result (error $stream-error)))))))
  (alias export $streams "input-stream" (type $input))
  (alias export $streams "output-stream" (type $output))
  (import "wasi:cli/stdin@0.2.0" (instance $stdin
    (alias outer 1 $input (type $outer)) (export "input-stream" (type $input (eq $outer)))
    (export "get-stdin" (func (result (own $input))))))
  (import "wasi:cli/stdout@0.2.0" (instance $stdout
    (alias outer 1 $output (type $outer)) (export "output-stream" (type $output (eq $outer)))
    (export "get-stdout" (func (result (own $output))))))
  (core func $get-stdin (canon lower (func $stdin "get-stdin")))
  (core func $get-stdout (canon lower (func $stdout "get-stdout")))
  (core func $drop-input (canon resource.drop $input))
  (core func $drop-output (canon resource.drop $output))
"""

LOWERED_IO = """
  (core func $read (canon lower (func $streams "[method]input-stream.blocking-read")
    (memory $memory "memory") (realloc (func $memory "realloc"))))
  (core func $write (canon lower (func $streams "[method]output-stream.blocking-write-and-flush")
    (memory $memory "memory")))
"""

RUN = """
  (func $run (result (result)) (canon lift (core func $main "run")))
  (component $shim (import "main" (func $main (result (result)))) (export "run" (func $main)))
  (instance $shim (instantiate $shim (with "main" (func $run))))
  (export "wasi:cli/run@0.2.0" (instance $shim))
"""

ECHO = f"""(component {IO} {MEMORY} {LOWERED_IO}
  (core module $main
    (import "memory" "memory" (memory 0))
    (import "host" "get-stdin" (func $get-stdin (result i32)))
    (import "host" "get-stdout" (func $get-stdout (result i32)))
    (import "host" "read" (func $read (param i32 i64 i32)))
    (import "host" "write" (func $write (param i32 i32 i32 i32)))
    (import "host" "drop-input" (func $drop-input (param i32)))
    (import "host" "drop-output" (func $drop-output (param i32)))
    (func (export "run") (result i32) (local $in i32) (local $out i32)
      (local.set $in (call $get-stdin))
      (local.set $out (call $get-stdout))
      (block $end
        (loop $next
          (call $read (local.get $in) (i64.const 1000) (i32.const 0))
          (br_if $end (i32.load8_u (i32.const 0)))
          (call $write (local.get $out) (i32.load (i32.const 4)) (i32.load (i32.const 8)) (i32.const 16))
          (br_if $next (i32.eqz (i32.load8_u (i32.const 16))))))
      (call $drop-input (local.get $in))
      (call $drop-output (local.get $out))
      (i32.ne (i32.load8_u (i32.const 4)) (i32.const 1))))  ;; `closed` is how it ends
  (core instance $main (instantiate $main
    (with "memory" (instance $memory))
    (with "host" (instance
      (export "get-stdin" (func $get-stdin)) (export "get-stdout" (func $get-stdout))
      (export "read" (func $read)) (export "write" (func $write))
      (export "drop-input" (func $drop-input)) (export "drop-output" (func $drop-output))))))
  {RUN})"""
"""Copies its input to its output."""

FAIL = f"""(component
  (core module $main (func (export "run") (result i32) (i32.const 1)))
  (core instance $main (instantiate $main)) {RUN})"""
"""Gives the error case."""


BOTH = f"""(component
  (core module $main
    (func (export "run") (result i32) (i32.const 1)) (func (export "run-3") (result i32) (i32.const 0)))
  (core instance $main (instantiate $main)) {RUN}
  (func $run-3 async (result (result)) (canon lift (core func $main "run-3")))
  (component $shim-3 (import "main" (func $main async (result (result)))) (export "run" (func $main)))
  (instance $shim-3 (instantiate $shim-3 (with "main" (func $run-3))))
  (export "wasi:cli/run@0.3.0" (instance $shim-3)))"""
"""Is a program of 0.2, which gives the error case, and one of 0.3."""


def exiting(name: str, param: str, flat: int) -> str:
    """Calls a function of `wasi:cli/exit`."""
    return f"""(component
  (import "wasi:cli/exit@0.2.3" (instance $exit (export "{name}" (func {param}))))
  (core func $exit (canon lower (func $exit "{name}")))
  (core module $main
    (import "host" "exit" (func $exit (param i32)))
    (func (export "run") (result i32) (call $exit (i32.const {flat})) (unreachable)))
  (core instance $main (instantiate $main (with "host" (instance (export "exit" (func $exit))))))
  {RUN})"""


def reading(path: str) -> str:
    """Opens a path in the first directory, reads ten bytes of it, and exits with the first; or with the error code."""
    return f"""(component
  (import "wasi:filesystem/types@0.2.1" (instance $types
    (export "descriptor" (type $descriptor (sub resource)))
    (type $path-flags' (flags "symlink-follow"))
    (export "path-flags" (type $path-flags (eq $path-flags')))
    (type $open-flags' (flags "create" "directory" "exclusive" "truncate"))
    (export "open-flags" (type $open-flags (eq $open-flags')))
    (type $descriptor-flags' (flags "read" "write" "file-integrity-sync" "data-integrity-sync" "requested-write-sync"
      "mutate-directory"))
    (export "descriptor-flags" (type $descriptor-flags (eq $descriptor-flags')))
    (type $error-code' (enum "access" "would-block" "already" "bad-descriptor" "busy" "deadlock" "quota" "exist"
      "file-too-large" "illegal-byte-sequence" "in-progress" "interrupted" "invalid" "io" "is-directory" "loop"
      "too-many-links" "message-size" "name-too-long" "no-device" "no-entry" "no-lock" "insufficient-memory"
      "insufficient-space" "not-directory" "not-empty" "not-recoverable" "unsupported" "no-tty" "no-such-device"
      "overflow" "not-permitted" "pipe" "read-only" "invalid-seek" "text-file-busy" "cross-device"))
    (export "error-code" (type $error-code (eq $error-code')))
    (export "[method]descriptor.open-at" (func
      (param "self" (borrow $descriptor)) (param "path-flags" $path-flags) (param "path" string)
      (param "open-flags" $open-flags) (param "flags" $descriptor-flags)
      (result (result (own $descriptor) (error $error-code)))))
    (export "[method]descriptor.read" (func
      (param "self" (borrow $descriptor)) (param "length" u64) (param "offset" u64)
      (result (result (tuple (list u8) bool) (error $error-code)))))))
  (alias export $types "descriptor" (type $descriptor))
  (import "wasi:filesystem/preopens@0.2.1" (instance $preopens
    (alias outer 1 $descriptor (type $outer)) (export "descriptor" (type $descriptor (eq $outer)))
    (export "get-directories" (func (result (list (tuple (own $descriptor) string)))))))
  (import "wasi:cli/exit@0.2.1" (instance $exit (export "exit-with-code" (func (param "status-code" u8)))))
  {MEMORY}
  (core func $exit (canon lower (func $exit "exit-with-code")))
  (core func $directories (canon lower (func $preopens "get-directories")
    (memory $memory "memory") (realloc (func $memory "realloc"))))
  (core func $open (canon lower (func $types "[method]descriptor.open-at") (memory $memory "memory")))
  (core func $read (canon lower (func $types "[method]descriptor.read")
    (memory $memory "memory") (realloc (func $memory "realloc"))))
  (core module $main
    (import "memory" "memory" (memory 0))
    (import "host" "exit" (func $exit (param i32)))
    (import "host" "directories" (func $directories (param i32)))
    (import "host" "open" (func $open (param i32 i32 i32 i32 i32 i32 i32)))
    (import "host" "read" (func $read (param i32 i64 i64 i32)))
    (data (i32.const 1024) "{path}")
    (func (export "run") (result i32)
      (call $directories (i32.const 0))
      (call $open (i32.load (i32.load (i32.const 0)))
        (i32.const 1) (i32.const 1024) (i32.const {len(path)}) (i32.const 0) (i32.const 1) (i32.const 16))
      (if (i32.load8_u (i32.const 16)) (then (call $exit (i32.load8_u (i32.const 20)))))
      (call $read (i32.load (i32.const 20)) (i64.const 10) (i64.const 0) (i32.const 32))
      (if (i32.load8_u (i32.const 32)) (then (call $exit (i32.load8_u (i32.const 36)))))
      (call $exit (i32.load8_u (i32.load (i32.const 36))))
      (unreachable)))
  (core instance $main (instantiate $main
    (with "memory" (instance $memory))
    (with "host" (instance
      (export "exit" (func $exit)) (export "directories" (func $directories))
      (export "open" (func $open)) (export "read" (func $read))))))
  {RUN})"""


_SIZE = '(record (field "field-name" (option string)) (field "field-size" (option u32)))'
_CASES = """
  (case "DNS-timeout") (case "DNS-error" $dns) (case "destination-not-found") (case "destination-unavailable")
  (case "destination-IP-prohibited") (case "destination-IP-unroutable") (case "connection-refused")
  (case "connection-terminated") (case "connection-timeout") (case "connection-read-timeout")
  (case "connection-write-timeout") (case "connection-limit-reached") (case "TLS-protocol-error")
  (case "TLS-certificate-error") (case "TLS-alert-received" $tls) (case "HTTP-request-denied")
  (case "HTTP-request-length-required") (case "HTTP-request-body-size" (option u64))
  (case "HTTP-request-method-invalid") (case "HTTP-request-URI-invalid") (case "HTTP-request-URI-too-long")
  (case "HTTP-request-header-section-size" (option u32)) (case "HTTP-request-header-size" (option $size))
  (case "HTTP-request-trailer-section-size" (option u32)) (case "HTTP-request-trailer-size" $size)
  (case "HTTP-response-incomplete") (case "HTTP-response-header-section-size" (option u32))
  (case "HTTP-response-header-size" $size) (case "HTTP-response-body-size" (option u64))
  (case "HTTP-response-trailer-section-size" (option u32)) (case "HTTP-response-trailer-size" $size)
  (case "HTTP-response-transfer-coding" (option string)) (case "HTTP-response-content-coding" (option string))
  (case "HTTP-response-timeout") (case "HTTP-upgrade-failed") (case "HTTP-protocol-error") (case "loop-detected")
  (case "configuration-error") (case "internal-error" (option string))
"""

GREETING = f"""(component {IO}
  (import "wasi:http/types@0.2.4" (instance $types
    (alias outer 1 $output (type $outer)) (export "output-stream" (type $output (eq $outer)))
    (export "fields" (type $fields (sub resource)))
    (export "incoming-request" (type $incoming-request (sub resource)))
    (export "response-outparam" (type $response-outparam (sub resource)))
    (export "outgoing-response" (type $outgoing-response (sub resource)))
    (export "outgoing-body" (type $outgoing-body (sub resource)))
    (type $dns' (record (field "rcode" (option string)) (field "info-code" (option u16))))
    (export "DNS-error-payload" (type $dns (eq $dns')))
    (type $tls' (record (field "alert-id" (option u8)) (field "alert-message" (option string))))
    (export "TLS-alert-received-payload" (type $tls (eq $tls')))
    (type $size' {_SIZE}) (export "field-size-payload" (type $size (eq $size')))
    (type $error-code' (variant {_CASES})) (export "error-code" (type $error-code (eq $error-code')))
    (export "[constructor]fields" (func (result (own $fields))))
    (export "[constructor]outgoing-response"
      (func (param "headers" (own $fields)) (result (own $outgoing-response))))
    (export "[method]outgoing-response.body"
      (func (param "self" (borrow $outgoing-response)) (result (result (own $outgoing-body)))))
    (export "[method]outgoing-body.write"
      (func (param "self" (borrow $outgoing-body)) (result (result (own $output)))))
    (export "[static]outgoing-body.finish" (func (param "this" (own $outgoing-body))
      (param "trailers" (option (own $fields))) (result (result (error $error-code)))))
    (export "[static]response-outparam.set" (func (param "param" (own $response-outparam))
      (param "response" (result (own $outgoing-response) (error $error-code)))))))
  (alias export $types "incoming-request" (type $incoming-request))
  (alias export $types "response-outparam" (type $response-outparam))
  {MEMORY} {LOWERED_IO}
  (core func $fields (canon lower (func $types "[constructor]fields")))
  (core func $response (canon lower (func $types "[constructor]outgoing-response")))
  (core func $body (canon lower (func $types "[method]outgoing-response.body") (memory $memory "memory")))
  (core func $stream (canon lower (func $types "[method]outgoing-body.write") (memory $memory "memory")))
  (core func $finish (canon lower (func $types "[static]outgoing-body.finish") (memory $memory "memory")
    (realloc (func $memory "realloc"))))
  (core func $set (canon lower (func $types "[static]response-outparam.set") (memory $memory "memory")))
  (core module $main
    (import "memory" "memory" (memory 0))
    (import "host" "write" (func $write (param i32 i32 i32 i32)))
    (import "host" "drop-output" (func $drop-output (param i32)))
    (import "host" "fields" (func $fields (result i32)))
    (import "host" "response" (func $response (param i32) (result i32)))
    (import "host" "body" (func $body (param i32 i32)))
    (import "host" "stream" (func $stream (param i32 i32)))
    (import "host" "finish" (func $finish (param i32 i32 i32 i32)))
    (import "host" "set" (func $set (param i32 i32 i32 i32 i64 i32 i32 i32 i32)))
    (data (i32.const 1024) "hello from a component")
    (func (export "handle") (param i32 i32) (local $response i32) (local $body i32) (local $stream i32)
      (local.set $response (call $response (call $fields)))
      (call $body (local.get $response) (i32.const 0))
      (local.set $body (i32.load (i32.const 4)))
      (call $set (local.get 1) (i32.const 0) (local.get $response)
        (i32.const 0) (i64.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))
      (call $stream (local.get $body) (i32.const 0))
      (local.set $stream (i32.load (i32.const 4)))
      (call $write (local.get $stream) (i32.const 1024) (i32.const 22) (i32.const 16))
      (call $drop-output (local.get $stream))
      (call $finish (local.get $body) (i32.const 0) (i32.const 0) (i32.const 64))))
  (core instance $main (instantiate $main
    (with "memory" (instance $memory))
    (with "host" (instance
      (export "write" (func $write)) (export "drop-output" (func $drop-output)) (export "fields" (func $fields))
      (export "response" (func $response)) (export "body" (func $body)) (export "stream" (func $stream))
      (export "finish" (func $finish)) (export "set" (func $set))))))
  (func $handle (param "request" (own $incoming-request)) (param "response-out" (own $response-outparam))
    (canon lift (core func $main "handle")))
  (component $shim
    (import "request" (type $request (sub resource)))
    (import "outparam" (type $outparam (sub resource)))
    (import "main" (func $main (param "request" (own $request)) (param "response-out" (own $outparam))))
    (export "handle" (func $main)))
  (instance $shim (instantiate $shim
    (with "request" (type $incoming-request)) (with "outparam" (type $response-outparam)) (with "main" (func $handle))))
  (export "wasi:http/incoming-handler@0.2.4" (instance $shim)))"""
"""Answers each request with the same text."""

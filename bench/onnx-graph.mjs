// ONNX models written byte by byte (protobuf, onnx.proto3 of opset 13), as far as a convolutional network needs: the
// peers of a benchmark then run the very graph and weights that we do.

/** A model with one input and one output; `nodes` as `node` makes them, `initializers` as `initializer` does. */
export function onnxModel({ nodes, initializers, input, output }) {
  const graph = [
    ...nodes.map((bytes) => message(1, bytes)),
    text(2, 'network'),
    ...initializers.map((bytes) => message(5, bytes)),
    message(11, valueInfo(input)),
    message(12, valueInfo(output)),
  ];
  const opset = [varint(2, 13)];
  return Buffer.concat([varint(1, 8), message(7, Buffer.concat(graph)), message(8, Buffer.concat(opset))]);
}

/** Attributes are whole numbers or lists of them. */
export function node(type, inputs, output, attributes = {}) {
  return Buffer.concat([
    ...inputs.map((name) => text(1, name)),
    text(2, output),
    text(4, type),
    ...Object.entries(attributes).map(([name, value]) => message(5, attribute(name, value))),
  ]);
}

/** A float32 tensor. */
export function initializer(name, shape, values) {
  const raw = Buffer.from(values.buffer, values.byteOffset, values.byteLength);
  return Buffer.concat([...shape.map((size) => varint(1, size)), varint(2, 1), text(8, name), message(9, raw)]);
}

function attribute(name, value) {
  if (Array.isArray(value))
    return Buffer.concat([text(1, name), ...value.map((each) => varint(8, each)), varint(20, 7)]);
  return Buffer.concat([text(1, name), varint(3, value), varint(20, 2)]);
}

function valueInfo({ name, shape }) {
  const dimensions = shape.map((size) => message(1, varint(1, size)));
  const tensor = Buffer.concat([varint(1, 1), message(2, Buffer.concat(dimensions))]);
  return Buffer.concat([text(1, name), message(2, message(1, tensor))]);
}

function varint(field, value) {
  return Buffer.concat([encoded(field << 3), encoded(value)]);
}

function text(field, value) {
  return message(field, Buffer.from(value));
}

function message(field, bytes) {
  return Buffer.concat([encoded((field << 3) | 2), encoded(bytes.length), bytes]);
}

function encoded(value) {
  const bytes = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return Buffer.from([...bytes, rest]);
}

// Answers of the server as frames: `{refId, fields: [{name, values, labels, refId, numeric}]}`.

/** A legend with its labels filled in; all labels where nothing is said. */
export function legend(format, labels) {
  if (format && format !== "__auto") return format.replace(/\{\{\s*([\w.]+)\s*\}\}/g, (_, name) => labels[name] ?? "").trim() || "none";
  const shown = Object.entries(labels).filter(([name]) => name !== "__name__");
  const inner = shown.map(([name, value]) => `${name}="${value}"`).join(", ");
  if (!shown.length) return labels.__name__ ?? "Value";
  return format === "__auto" && shown.length === 1 ? shown[0][1] : `${labels.__name__ ?? ""}{${inner}}`;
}

/** Every series of an answer, named; `times` in seconds. */
export function seriesOf(answer, legends = {}) {
  return (answer.targets ?? []).flatMap((target) =>
    target.series.map(({ labels, values }) => ({
      name: legend(legends[target.refId] ?? target.legend, labels),
      labels,
      values,
      refId: target.refId,
      numeric: true,
      times: target.instant ? [target.time] : null,
      start: target.start,
      step: target.step,
    })),
  );
}

/** One frame a query for tables: time, labels and the value. */
export function tableFrames(answer, legends = {}) {
  const targets = (answer.targets ?? []).filter((target) => target.series.length);
  const several = (answer.targets ?? []).length > 1;
  return targets.map((target) => (target.format === "table"
    ? tableFrame(target, several)
    : { refId: target.refId, fields: seriesFields(target, legends) }));
}

function tableFrame(target, several) {
  const { refId, series } = target;
  const at = (one, index) => (target.instant ? target.time : target.start + target.step * index) * 1000;
  const rows = series.flatMap((one) => one.values.map((value, index) => ({ labels: one.labels, value, time: at(one, index) })).filter((row) => row.value !== null));
  const labels = [...new Set(series.flatMap((one) => Object.keys(one.labels)))].sort();
  const field = (name, values, numeric = false) => ({ name, values, labels: {}, refId, numeric });
  return {
    refId,
    fields: [
      { ...field("Time", rows.map((row) => row.time)), time: true },
      ...labels.map((name) => field(name, rows.map((row) => row.labels[name] ?? null))),
      field(several ? `Value #${refId}` : "Value", rows.map((row) => row.value), true),
    ],
  };
}

function seriesFields(target, legends) {
  const times = target.instant ? [target.time] : Array.from({ length: target.count }, (_, index) => target.start + target.step * index);
  return [
    { name: "Time", values: times.map((time) => time * 1000), labels: {}, refId: target.refId, numeric: false, time: true },
    ...target.series.map(({ labels, values }) => ({
      name: legend(legends[target.refId] ?? target.legend, labels), labels, values, refId: target.refId, numeric: true,
    })),
  ];
}

/** Rows of a frame as mappings of field name -> value. */
export function rowsOf(frame) {
  const length = Math.max(0, ...frame.fields.map((field) => field.values.length));
  return Array.from({ length }, (_, index) => Object.fromEntries(frame.fields.map((field) => [field.name, field.values[index] ?? null])));
}

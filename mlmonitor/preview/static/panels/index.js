// Which module draws which type of panel.

import * as alertlist from "./alertlist.js";
import * as bargauge from "./bargauge.js";
import * as bars from "./bars.js";
import * as gauge from "./gauge.js";
import * as heatmap from "./heatmap.js";
import * as stat from "./stat.js";
import * as statetimeline from "./statetimeline.js";
import * as table from "./table.js";
import * as text from "./text.js";
import * as timeseries from "./timeseries.js";

export const PANELS = {
  alertlist: alertlist.draw,
  barchart: bars.draw,
  bargauge: bargauge.draw,
  gauge: gauge.draw,
  graph: timeseries.draw,
  heatmap: heatmap.draw,
  histogram: bars.draw,
  stat: stat.draw,
  "state-timeline": statetimeline.draw,
  "status-history": statetimeline.draw,
  table: table.draw,
  text: text.draw,
  timeseries: timeseries.draw,
};

/** Types whose data a table can tell as well as the drawing. */
export const TABULAR = new Set(["barchart", "bargauge", "gauge", "graph", "heatmap", "histogram", "stat", "state-timeline", "status-history", "timeseries"]);

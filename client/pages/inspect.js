"use strict";
// Draws both seats' records over one axis. All that it draws stands in this page; nothing is fetched.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const SEATS = ["left", "right"].filter((seat) => data.seats[seat]);
  const INK = "#1d2330", SOFT = "#5d6675", FAINT = "#a4acb8", LINE = "#e9ebef", PALE = "#eef0f3";
  // Okabe and Ito's colours; where two are of one brightness, height, place or a hatch differs as well.
  const BLUE = "#0072b2", SKY = "#56b4e9", GREEN = "#009e73", YELLOW = "#f0e442", ORANGE = "#e69f00",
    VERMILION = "#d55e00", PURPLE = "#cc79a7";
  const SEAT_INK = { left: BLUE, right: "#a05a00" };
  const ACTION_COLOURS = [PALE, "#80c7ef", "#edb94d", "#4cbb9e", "#f5eb7b", "#dba1c1", "#e28e4c", "#4c9cc9"]; // tints
  const ARROWS = { up: "↑", down: "↓", left: "←", right: "→", stay: "·", none: "·" };
  const AWAY = 1, CATCHING_UP = 2;
  const GUTTER = 150, RIGHT_MARGIN = 14, AXIS = 22;
  const UNIT = 100; // times are in 10 us: so many are a millisecond

  // --- the columns, spread out ---------------------------------------------------------------------------------
  const action = (code) => code & 0xffff, flags = (code) => (code >> 16) & 15, command = (code) => code >> 20;
  const actionName = (id) => data.actions[id] ?? String(id);
  const seats = {};
  for (const name of SEATS) {
    const given = data.seats[name];
    let now = 0;
    const starts = given.t.map((step) => (now += step));
    const seat = { ...given, starts, count: starts.length };
    seat.rollbackAt = new Map(given.rollbacks.map((row) => [row[0], row]));
    seat.computedTimes = new Map(given.computed);
    seat.holdAt = new Map(given.holds.map((row) => [row[0], row]));
    seat.marksAt = new Map();
    for (const [frame, words] of given.marks) seat.marksAt.set(frame, [...(seat.marksAt.get(frame) ?? []), words]);
    seat.stillAt = new Map(given.still.map((row) => [row[0], row]));
    seat.standing = [];
    for (let i = 0, at = -1; i < seat.count; i += 1) { if (seat.truth[i] !== "-") at = i; seat.standing.push(at); }
    const last = starts.length ? starts[starts.length - 1] : 0;
    const hold = given.holds.find((row) => row[0] >= seat.count);
    seat.end = hold ? hold[2] + hold[3] : last + (100 * UNIT) / data.rate * 10;
    seats[name] = seat;
  }
  const eventsAt = new Map(data.events);
  const period = (1000 * UNIT) / data.rate;
  const last = { frames: data.frames + 1, time: Math.max(...SEATS.map((name) => seats[name].end)) };

  // --- axis: positions are frames, or times in 10 us ------------------------------------------------------------
  let mode = "frames";
  let view = [0, last.frames];
  let cursor = null, pinned = false;
  const position = (seat, frame) => {
    if (mode === "frames") return frame;
    if (frame < seat.count) return seat.starts[frame];
    return frame === seat.count ? Math.min(seat.end, (seat.starts[frame - 1] ?? 0) + period) : seat.end;
  };
  const whole = () => [0, last[mode]];
  const shortest = () => (mode === "frames" ? 12 : 12 * period);
  function setView(from, to) {
    const most = last[mode], length = Math.min(most, Math.max(shortest(), to - from));
    const start = Math.min(Math.max(0, (from + to - length) / 2), most - length);
    view = [start, start + length];
    draw();
  }
  /** The first frame of a seat at or behind a position. */
  function frameAt(seat, at) {
    if (mode === "frames") return Math.max(0, Math.min(data.frames - 1, Math.floor(at)));
    let low = 0, high = seat.count - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (seat.starts[middle] <= at) low = middle; else high = middle - 1;
    }
    return low;
  }

  // --- a canvas that knows its size -----------------------------------------------------------------------------
  const sharp = Math.max(2, window.devicePixelRatio || 1); // two at least: print wants it
  function fitted(canvas, height) {
    const width = canvas.clientWidth || 1200;
    canvas.style.height = `${height}px`;
    canvas.width = Math.round(width * sharp);
    canvas.height = Math.round(height * sharp);
    const pen = canvas.getContext("2d");
    pen.setTransform(sharp, 0, 0, sharp, 0, 0);
    pen.clearRect(0, 0, width, height);
    pen.font = "12px Inter, 'Segoe UI', 'Helvetica Neue', Arial, 'Liberation Sans', sans-serif";
    pen.textBaseline = "middle";
    return [pen, width];
  }
  function hatched(pen, colour, ground) {
    const tile = document.createElement("canvas");
    tile.width = tile.height = 6 * sharp;
    const brush = tile.getContext("2d");
    brush.scale(sharp, sharp);
    brush.fillStyle = ground;
    brush.fillRect(0, 0, 6, 6);
    brush.strokeStyle = colour;
    brush.lineWidth = 1.4;
    brush.beginPath();
    for (const shift of [-6, 0, 6]) { brush.moveTo(shift, 6); brush.lineTo(shift + 6, 0); }
    brush.stroke();
    const pattern = pen.createPattern(tile, "repeat");
    pattern.setTransform(new DOMMatrix().scale(1 / sharp));
    return pattern;
  }

  // --- lanes ----------------------------------------------------------------------------------------------------
  /** Walks the visible frames of a seat, one pixel column at a time where frames are narrower than pixels. */
  function columns(plot, seat, count, paint) {
    const first = Math.max(0, frameAt(seat, view[0]) - 1);
    const scale = plot.width / (view[1] - view[0]);
    const x = (frame) => plot.x + (position(seat, frame) - view[0]) * scale;
    let frame = first;
    while (frame < count) {
      const from = x(frame);
      if (from > plot.x + plot.width) break;
      let next = frame + 1;
      while (next < count && x(next) - from < 1) next += 1;
      const to = Math.max(from + 1, x(next));
      if (to >= plot.x) paint(frame, next, Math.max(plot.x, from), Math.min(plot.x + plot.width, to));
      frame = next;
    }
  }
  const most = (array, from, to) => { let top = -1; for (let i = from; i < to; i += 1) if (array[i] > top) top = array[i]; return top; };
  const worst = (text, from, to, order) => {
    for (const letter of order) for (let i = from; i < to; i += 1) if (text[i] === letter) return letter;
    return "-";
  };

  function inputLane(pen, plot, seat, name) {
    const codes = data.inputs[name];
    columns(plot, seat, data.frames, (from, to, x0, x1) => {
      let code = codes[from];
      for (let i = from; i < to && action(code) === 0 && !flags(code); i += 1) code = codes[i];
      if (code < 0) return;
      const wide = x1 - x0, away = flags(code) & AWAY;
      pen.fillStyle = away ? plot.awayHatch : ACTION_COLOURS[action(code) % ACTION_COLOURS.length];
      pen.globalAlpha = from >= data.confirmed ? 0.35 : 1;
      pen.fillRect(x0, plot.y, Math.max(1, wide - (wide > 6 ? 1 : 0)), plot.height);
      pen.globalAlpha = 1;
      if (flags(code) & CATCHING_UP) { pen.fillStyle = INK; pen.fillRect(x0, plot.y + plot.height - 3, wide, 3); }
      if (command(code)) { pen.fillStyle = INK; pen.fillRect(x0, plot.y, Math.max(3, wide), plot.height); }
      if (wide >= 13 && !away && to === from + 1) {
        const word = actionName(action(code));
        pen.fillStyle = INK;
        pen.textAlign = "center";
        pen.fillText(ARROWS[word] ?? word[0], (x0 + x1) / 2, plot.y + plot.height / 2 + 0.5);
      }
    });
    const happened = [...eventsAt.keys()].filter((frame) => { const at = position(seat, frame); return at >= view[0] && at <= view[1]; });
    for (const frame of happened.length > plot.width / 12 ? [] : happened) {
      const x = plot.to(position(seat, frame));
      if (x >= plot.x && x <= plot.x + plot.width && eventsAt.get(frame).includes(`(${name})`)) {
        pen.fillStyle = INK;
        pen.beginPath(); pen.moveTo(x - 3, plot.y - 4); pen.lineTo(x + 3, plot.y - 4); pen.lineTo(x, plot.y); pen.fill();
      }
    }
  }
  const share = (text, from, to, letter) => { let count = 0; for (let i = from; i < to; i += 1) count += text[i] === letter; return count / (to - from); };
  /** How much of a lane something rare takes: all of it where a frame has a place of its own, else by its share. */
  const rare = (part) => (part > 0 ? 0.15 + 0.85 * part : 0);
  function guessLane(pen, plot, seat) {
    columns(plot, seat, seat.count, (from, to, x0, x1) => {
      const verdict = worst(seat.verdict, from, to, "row");
      if (verdict === "-") return;
      const wide = Math.max(1, x1 - x0 - (x1 - x0 > 6 ? 1 : 0)), base = plot.y + plot.height;
      const wrong = plot.height * rare(share(seat.verdict, from, to, "w"));
      if (verdict !== "w") { pen.fillStyle = verdict === "r" ? "#8fd3bd" : FAINT; pen.fillRect(x0, base - plot.height * 0.35, wide, plot.height * 0.35); }
      if (wrong) { pen.fillStyle = VERMILION; pen.fillRect(x0, base - wrong, wide, wrong); }
    });
  }
  function rollbackLane(pen, plot, seat) {
    const deepest = Math.max(4, ...SEATS.flatMap((name) => seats[name].rollbacks.map((row) => row[1])));
    scaleNote(pen, plot, `${deepest}`);
    clipped(pen, plot, () => {
      for (const [frame, depth] of seat.rollbacks) {
        const x0 = plot.to(position(seat, frame - depth)), x1 = plot.to(position(seat, frame));
        const tall = Math.max(2, (plot.height * depth) / deepest), base = plot.y + plot.height;
        pen.fillStyle = "rgba(86, 180, 233, .35)";
        pen.beginPath(); pen.moveTo(x0, base); pen.lineTo(x1, base - tall); pen.lineTo(x1, base); pen.fill();
        pen.fillStyle = BLUE;
        pen.fillRect(x1, base - tall, 2, tall);
      }
    });
  }
  function holdLane(pen, plot, seat) {
    plot.written = [];
    const longestFirst = [...seat.holds].sort((one, other) => other[3] - one[3]);
    for (const [frame, ticks, start, length, why] of longestFirst) {
      const x0 = mode === "time" ? plot.to(start) : plot.to(frame), x1 = mode === "time" ? plot.to(start + length) : plot.to(frame + 1);
      block(pen, plot, x0, x1, why === "window" ? plot.holdHatch : plot.endHatch);
      words(pen, plot, Math.max(x0, plot.x), x1, `${ticks}× ${spoken(length)}`);
    }
    for (const [frame, start, end] of seat.still) {
      const x0 = mode === "time" ? plot.to(start) : plot.to(frame), x1 = mode === "time" ? plot.to(end) : plot.to(frame + 1);
      block(pen, plot, x0, x1, INK);
      words(pen, plot, Math.max(x0, plot.x), x1, `stood still ${spoken(end - start)}`, x1 - x0 > 120 ? "#fff" : INK);
    }
  }
  function block(pen, plot, x0, x1, fill) {
    const from = Math.max(plot.x, x0), to = Math.min(plot.x + plot.width, Math.max(x1, x0 + 3));
    if (to <= from) return;
    pen.fillStyle = fill;
    pen.fillRect(from, plot.y, to - from, plot.height);
  }
  /** Words inside a block if they fit, else behind it; none where others stand already. */
  function words(pen, plot, x0, x1, text, inside = INK) {
    const needed = pen.measureText(text).width + 8;
    const fits = x1 - x0 > needed;
    let x = fits ? x0 + 4 : Math.max(x1, x0 + 3) + 4;
    if (x1 < plot.x || x0 > plot.x + plot.width) return;
    if (x + needed > plot.x + plot.width) x = x0 - needed;
    if (plot.written.some(([from, to]) => x < to && x + needed > from)) return;
    plot.written.push([x, x + needed]);
    if (fits && inside === INK) { pen.fillStyle = "rgba(255,255,255,.8)"; pen.fillRect(x - 2, plot.y + 1, needed - 4, plot.height - 2); }
    pen.fillStyle = fits ? inside : SOFT;
    pen.textAlign = "left";
    pen.fillText(text, x, plot.y + plot.height / 2);
  }
  /** What stood on the screen: tall in the ticks that drew a new picture, low while the one before still stood. */
  function shownLane(pen, plot, seat) {
    columns(plot, seat, seat.count, (from, to, x0, x1) => {
      const drawn = worst(seat.truth, from, to, "uxt");
      const at = drawn === "-" ? seat.standing[from] : from;
      const truth = drawn === "-" ? seat.truth[at] : drawn;
      if (at < 0) return;
      let behind = 0;
      for (let i = at; i < Math.max(to, at + 1); i += 1) if (seat.truth[i] !== "-") behind = Math.max(behind, seat.shown[i]);
      pen.fillStyle = truth === "u" ? VERMILION : truth === "x" ? FAINT : behind > 1 ? plot.passingHatch : "#b9d9ec";
      const tall = plot.height * (truth === "u" && drawn !== "-" ? rare(share(seat.truth, from, to, "u")) : 0.6) * (drawn === "-" ? 0.5 : 1);
      pen.fillRect(x0, plot.y + plot.height - tall, Math.max(1, x1 - x0 - (x1 - x0 > 6 ? 1 : 0)), tall);
    });
  }
  function lateLane(pen, plot, seat) {
    const top = 2 * period, height = (value) => plot.height * Math.min(1, Math.sqrt(value / top));
    const line = plot.y + plot.height - height(period);
    pen.strokeStyle = "#cfd4dc"; pen.setLineDash([3, 3]);
    pen.beginPath(); pen.moveTo(plot.x, line); pen.lineTo(plot.x + plot.width, line); pen.stroke(); pen.setLineDash([]);
    noteAt(pen, plot, "1 tick", line);
    columns(plot, seat, seat.count, (from, to, x0, x1) => {
      const flip = most(seat.flip, from, to), late = most(seat.late, from, to);
      const wide = Math.max(1, x1 - x0 - (x1 - x0 > 6 ? 1 : 0)), base = plot.y + plot.height;
      if (flip > 0) { pen.fillStyle = "#d3d8e0"; pen.fillRect(x0, base - height(flip), wide, height(flip)); }
      if (late > 0) { pen.fillStyle = late > period / 2 ? VERMILION : SOFT; pen.fillRect(x0, base - height(late), wide, height(late)); }
    });
  }
  const journeys = SEATS.flatMap((name) => [...seats[name].came.filter((time) => time >= 0), ...seats[name].probes.map((row) => row[1])]).sort((a, b) => a - b);
  const farthest = Math.max(10 * UNIT, 3 * (journeys[journeys.length >> 1] ?? 0)); // what is rarer than that is cut off
  function networkLane(pen, plot, seat) {
    scaleNote(pen, plot, spoken(farthest));
    const y = (time) => plot.y + plot.height - (plot.height - 2) * Math.min(1, time / farthest);
    columns(plot, seat, seat.count, (from, to, x0, x1) => {
      const came = most(seat.came, from, to);
      if (came < 0) return;
      pen.fillStyle = came > farthest ? VERMILION : SKY;
      pen.fillRect(x0, y(came) - 1, Math.max(1.5, x1 - x0), came > farthest ? 4 : 2);
    });
    pen.strokeStyle = "rgba(0, 114, 178, .45)"; pen.beginPath();
    const isDense = seat.probes.length * ((view[1] - view[0]) / last[mode]) > plot.width / 12;
    const dots = seat.probes.map((row) => [plot.to(mode === "time" ? row[0] : frameOfTime(seat, row[0])), y(row[1])]);
    dots.forEach(([x, height], i) => (i ? pen.lineTo(x, height) : pen.moveTo(x, height)));
    if (!isDense) clipped(pen, plot, () => pen.stroke());
    pen.fillStyle = BLUE;
    for (const [x, height] of dots) if (x >= plot.x && x <= plot.x + plot.width) { pen.beginPath(); pen.arc(x, height, isDense ? 0.8 : 3, 0, 7); pen.fill(); }
  }
  function frameOfTime(seat, time) {
    let low = 0, high = seat.count - 1;
    if (high < 0 || time < seat.starts[0]) return 0;
    while (low < high) { const middle = (low + high + 1) >> 1; if (seat.starts[middle] <= time) low = middle; else high = middle - 1; }
    return low;
  }
  function pacingLane(pen, plot, seat) {
    const middle = plot.y + plot.height / 2, plain = 1e6 / data.rate;
    const y = (micros) => middle - ((micros - plain) / plain) * (plot.height / 2) / 0.022;
    pen.strokeStyle = "#cfd4dc"; pen.beginPath(); pen.moveTo(plot.x, middle); pen.lineTo(plot.x + plot.width, middle); pen.stroke();
    pen.strokeStyle = GREEN; pen.lineWidth = 1.6; pen.beginPath();
    let height = middle;
    pen.moveTo(plot.x, height);
    const at = (time) => plot.to(mode === "time" ? time : frameOfTime(seat, time));
    for (const [time, micros] of seat.pacing) { pen.lineTo(at(time), height); height = y(micros); pen.lineTo(at(time), height); }
    pen.lineTo(plot.to(mode === "time" ? seat.end : seat.count), height);
    clipped(pen, plot, () => pen.stroke());
    pen.lineWidth = 1;
    scaleNote(pen, plot, "+2 %");
  }
  function clipped(pen, plot, paint) {
    pen.save();
    const path = new Path2D();
    path.rect(plot.x, plot.y - 2, plot.width, plot.height + 4);
    pen.clip(path);
    paint();
    pen.restore();
  }
  function scaleNote(pen, plot, text) { noteAt(pen, plot, text, plot.y + 5); }
  function noteAt(pen, plot, text, y) {
    pen.save(); pen.font = pen.font.replace("12px", "10px"); pen.fillStyle = FAINT; pen.textAlign = "right";
    pen.fillText(text, GUTTER - 8, y); pen.restore();
  }

  const LANES = [
    ["guesses", 16, guessLane], ["rollback depth", 34, rollbackLane], ["held", 16, holdLane], ["on the screen", 14, shownLane],
    ["late, flip", 30, lateLane], ["network", 38, networkLane], ["pacing", 24, pacingLane],
  ];
  const GAP = 7;

  function drawLanes() {
    const inputs = 2 * (18 + GAP) + 10;
    const block = LANES.reduce((sum, lane) => sum + lane[1] + GAP, 0) + 24;
    const height = AXIS + inputs + SEATS.length * block;
    const canvas = document.getElementById("lanes");
    const [pen, width] = fitted(canvas, height);
    const patterns = {
      awayHatch: hatched(pen, "#7b8493", "#e3e6ea"), holdHatch: hatched(pen, PURPLE, "#f7e6ef"),
      endHatch: hatched(pen, FAINT, "#f3f4f6"), passingHatch: hatched(pen, "#c9b800", "#fbf6b8"),
    };
    const plotAt = (y, tall) => ({
      x: GUTTER, y, width: width - GUTTER - RIGHT_MARGIN, height: tall, ...patterns,
      to: (at) => GUTTER + ((at - view[0]) * (width - GUTTER - RIGHT_MARGIN)) / (view[1] - view[0]),
    });
    axis(pen, plotAt(0, height));
    let y = AXIS + 4;
    for (const name of ["left", "right"]) {
      const plot = plotAt(y + 4, 18);
      label(pen, `${name} did`, plot, SEAT_INK[name], true);
      inputLane(pen, plot, seats[name] ?? seats[SEATS[0]], name);
      y += 18 + GAP + 2;
    }
    y += 6;
    for (const name of SEATS) {
      pen.strokeStyle = "#d5d9e0"; pen.beginPath(); pen.moveTo(0, y + 0.5); pen.lineTo(width, y + 0.5); pen.stroke();
      y += 12;
      LANES.forEach(([title, tall, paint], i) => {
        const plot = plotAt(y, tall);
        pen.strokeStyle = LINE; pen.beginPath(); pen.moveTo(plot.x, y + tall + 0.5); pen.lineTo(plot.x + plot.width, y + tall + 0.5); pen.stroke();
        if (i === 0) label(pen, name, plot, SEAT_INK[name], true, "left");
        label(pen, title, plot, SOFT);
        paint(pen, plot, seats[name]);
        y += tall + GAP;
      });
      y += 6;
    }
    if (cursor !== null) crosshair(pen, plotAt(0, height), height);
    canvas.dataset.height = height;
  }
  function label(pen, text, plot, colour, bold = false, align = "right") {
    pen.save();
    if (bold) pen.font = `600 ${pen.font}`;
    pen.fillStyle = colour;
    pen.textAlign = align;
    pen.fillText(text, align === "left" ? 0 : GUTTER - 8 - (bold ? 0 : 34), plot.y + plot.height / 2);
    pen.restore();
  }
  function axis(pen, plot) {
    const span = view[1] - view[0];
    const steps = mode === "frames" ? [1, 2, 5, 10, 20, 50, 100, 200, 300, 600, 1000, 2000, 5000, 10000] : [10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 30000, 60000, 120000, 300000].map((ms) => ms * UNIT);
    const step = steps.find((each) => (each * plot.width) / span >= 70) ?? steps[steps.length - 1];
    pen.textAlign = "center";
    for (let at = Math.ceil(view[0] / step) * step; at <= view[1]; at += step) {
      const x = plot.to(at);
      pen.strokeStyle = LINE; pen.beginPath(); pen.moveTo(x + 0.5, AXIS); pen.lineTo(x + 0.5, plot.height); pen.stroke();
      pen.fillStyle = SOFT;
      pen.fillText(mode === "frames" ? String(at) : spoken(at, true), x, AXIS / 2);
    }
    pen.textAlign = "right";
    pen.fillText(mode === "frames" ? "frame" : "time", GUTTER - 42, AXIS / 2);
    pen.strokeStyle = "#d5d9e0"; pen.beginPath(); pen.moveTo(plot.x, AXIS + 0.5); pen.lineTo(plot.x + plot.width, AXIS + 0.5); pen.stroke();
    if (data.confirmed < data.frames && mode === "frames") {
      const x = Math.max(plot.x, plot.to(data.confirmed));
      if (x < plot.x + plot.width) { pen.fillStyle = "rgba(213, 94, 0, .06)"; pen.fillRect(x, AXIS, plot.x + plot.width - x, plot.height); }
    }
  }
  function crosshair(pen, plot, height) {
    pen.strokeStyle = pinned ? INK : "#8b94a3";
    for (const name of SEATS) {
      const middle = (position(seats[name], cursor) + position(seats[name], cursor + 1)) / 2, x = plot.to(middle);
      if (x >= plot.x && x <= plot.x + plot.width) { pen.beginPath(); pen.moveTo(x, AXIS); pen.lineTo(x, height); pen.stroke(); }
      if (mode === "frames") break;
    }
  }

  // --- the whole episode, small ---------------------------------------------------------------------------------
  function drawMap() {
    const [pen, width] = fitted(document.getElementById("map"), 46);
    const kept = view;
    view = whole();
    const plotWidth = width - GUTTER - RIGHT_MARGIN;
    SEATS.forEach((name, i) => {
      const seat = seats[name];
      const plot = { x: GUTTER, y: 4 + i * 20, width: plotWidth, height: 17, to: (at) => GUTTER + (at * plotWidth) / view[1] };
      pen.fillStyle = PALE; pen.fillRect(plot.x, plot.y, plot.width, plot.height);
      const codes = data.inputs[name];
      columns(plot, seat, seat.count, (from, to, x0, x1) => {
        let away = false, untrue = false, wrong = 0;
        for (let f = from; f < to; f += 1) {
          away = away || (codes[f] >= 0 && (flags(codes[f]) & AWAY) !== 0);
          untrue = untrue || seat.truth[f] === "u";
          wrong = Math.max(wrong, seat.rollbackAt.get(f)?.[1] ?? 0);
        }
        if (away) { pen.fillStyle = "#c6ccd6"; pen.fillRect(x0, plot.y, x1 - x0, plot.height); }
        if (wrong) { const tall = Math.max(3, Math.min(plot.height, wrong)); pen.fillStyle = untrue ? VERMILION : BLUE; pen.fillRect(x0, plot.y + plot.height - tall, Math.max(1, x1 - x0), tall); }
        else if (untrue) { pen.fillStyle = VERMILION; pen.fillRect(x0, plot.y + plot.height - 3, Math.max(1, x1 - x0), 3); }
      });
      for (const [frame, , start, length] of seat.holds) {
        pen.fillStyle = PURPLE;
        const x0 = plot.to(mode === "time" ? start : frame), x1 = plot.to(mode === "time" ? start + length : frame + 1);
        pen.fillRect(Math.min(x0, plot.x + plot.width - 2), plot.y, Math.max(2, Math.min(x1, plot.x + plot.width) - x0), plot.height);
      }
      pen.fillStyle = SEAT_INK[name]; pen.textAlign = "right"; pen.fillText(name, GUTTER - 8, plot.y + plot.height / 2);
    });
    view = kept;
    const to = (at) => GUTTER + (at * plotWidth) / last[mode];
    if (view[1] - view[0] < last[mode]) {
      pen.fillStyle = "rgba(246, 247, 249, .72)";
      pen.fillRect(GUTTER, 0, to(view[0]) - GUTTER, 46);
      pen.fillRect(to(view[1]), 0, GUTTER + plotWidth - to(view[1]), 46);
      pen.strokeStyle = INK; pen.strokeRect(to(view[0]) + 0.5, 1.5, Math.max(2, to(view[1]) - to(view[0]) - 1), 43);
    }
  }

  // --- words ----------------------------------------------------------------------------------------------------
  function spoken(time, short = false) {
    const ms = time / UNIT;
    if (Math.abs(ms) >= 1000) return `${(ms / 1000).toFixed(short ? (ms % 1000 ? 1 : 0) : 2)} s`;
    return Math.abs(ms) >= 10 || short ? `${Math.round(ms)} ms` : `${ms.toFixed(2)} ms`;
  }
  function inputWords(code) {
    if (code === undefined || code < 0) return "not known";
    const parts = [actionName(action(code))];
    if (flags(code) & AWAY) parts.push("away");
    if (flags(code) & CATCHING_UP) parts.push("catching up");
    if (command(code)) parts.push("abort");
    return parts.join(", ");
  }
  const SHOWN = { t: "", u: ": it did not happen", x: ", never confirmed" };
  const VERDICTS = { r: "right", w: "wrong", o: "never confirmed" };
  function facts(name, frame) {
    const seat = seats[name], code = data.inputs[name][frame];
    const told = { did: [inputWords(code) + (frame >= data.confirmed && code >= 0 ? " (not confirmed)" : "")] };
    if (!seat || frame >= seat.count) return told;
    const verdict = seat.verdict[frame], truth = seat.truth[frame];
    told.at = [spoken(seat.starts[frame])];
    told.guessed = verdict === "-" ? ["nothing: it was here"] : [`${actionName(seat.guess[frame])}: ${VERDICTS[verdict]}`, verdict === "w"];
    const back = seat.rollbackAt.get(frame), again = seat.computedTimes.get(frame);
    told["rolled back"] = [[back ? `${back[1]} frames dropped here` : "", again ? `computed ${again} times` : ""].filter(Boolean).join("; ") || "no", Boolean(back)];
    const hold = seat.holdAt.get(frame);
    told.held = hold ? [`${hold[1]} ticks, ${spoken(hold[3])} (${hold[4] === "window" ? "window full" : "possible end"})`, true] : ["no"];
    told["L V R K"] = [[seat.committed[frame] >= 0 ? frame + seat.committed[frame] : "–", frame + 1 - seat.verified[frame], frame + 1 - seat.received[frame], frame + 1 - seat.acked[frame]].join("  ")];
    told.confirmed = [seat.settled[frame] < 0 ? "never" : seat.settled[frame] === 0 ? "at once" : `${spoken(seat.settled[frame])} later`];
    const shown = frame - seat.shown[frame];
    told["on the screen"] = truth === "-" ? ["no new picture"] : [`frame ${shown}${SHOWN[truth]}`, truth === "u"];
    told["late, flip"] = [`${spoken(seat.late[frame])}, ${seat.flip[frame] < 0 ? "no flip" : spoken(seat.flip[frame])}`, seat.late[frame] > period / 2];
    told["partner's input"] = [seat.came[frame] < 0 ? "–" : `on its way ${spoken(seat.came[frame])}`, seat.came[frame] > farthest];
    if (seat.out[frame] >= 0) told.packets = [`${seat.in[frame]} in, ${seat.out[frame]} out`];
    const marks = seat.marksAt.get(frame);
    if (marks) told.noted = [marks.slice(0, 4).join("; ") + (marks.length > 4 ? " …" : "")];
    return told;
  }
  function element(tag, text, className) {
    const made = document.createElement(tag);
    if (text !== undefined) made.textContent = text;
    if (className) made.className = className;
    return made;
  }
  function showCard(x, y) {
    const card = document.getElementById("card");
    card.hidden = cursor === null;
    if (cursor === null) return;
    const title = element("h3", `frame ${cursor} `);
    title.append(element("small", [pinned ? "pinned" : "", eventsAt.get(cursor) ?? ""].filter(Boolean).join(" · ")));
    const table = element("table"), head = element("thead"), body = element("tbody"), row = element("tr");
    row.append(element("th"));
    const told = Object.fromEntries(["left", "right"].map((name) => [name, facts(name, cursor)]));
    for (const name of ["left", "right"]) row.append(element("td", name, name));
    head.append(row);
    const names = Object.keys(told[SEATS[0]]).concat(Object.keys(told[SEATS[SEATS.length - 1]]));
    for (const name of [...new Set(names)]) {
      const line = element("tr");
      line.append(element("th", name));
      for (const seat of ["left", "right"]) {
        const [text, bad] = told[seat][name] ?? [""];
        line.append(element("td", text, bad ? "bad" : ""));
      }
      body.append(line);
    }
    table.append(head, body);
    card.replaceChildren(title, table);
    const room = document.getElementById("timeline").clientWidth;
    const left = x + 24 + card.offsetWidth > room ? x - card.offsetWidth - 24 : x + 24;
    card.style.left = `${Math.max(8, left)}px`;
    card.style.top = `${y}px`;
  }
  function describeRange() {
    const text = mode === "frames"
      ? `frames ${Math.floor(view[0])}–${Math.min(data.frames, Math.ceil(view[1])) - 1} of ${data.frames}`
      : `${spoken(view[0], true)} – ${spoken(view[1])} of ${spoken(last.time)}`;
    document.getElementById("range").textContent = text;
  }

  // --- what a hand does -----------------------------------------------------------------------------------------
  const lanes = document.getElementById("lanes"), map = document.getElementById("map");
  function draw() { drawMap(); drawLanes(); describeRange(); }
  const plotWidth = (canvas) => canvas.clientWidth - GUTTER - RIGHT_MARGIN;
  const positionAt = (canvas, x, range) => range[0] + ((x - GUTTER) / plotWidth(canvas)) * (range[1] - range[0]);
  function zoom(factor, at = (view[0] + view[1]) / 2) {
    setView(at - (at - view[0]) * factor, at + (view[1] - at) * factor);
  }
  function point(frame, isPinned) {
    cursor = frame === null ? null : Math.max(0, Math.min(data.frames - 1, frame));
    pinned = isPinned && cursor !== null;
    if (cursor !== null) {
      const at = position(seats[SEATS[0]], cursor);
      if (isPinned && (at < view[0] || at > view[1])) setView(at - (view[1] - view[0]) / 2, at + (view[1] - view[0]) / 2);
    }
    drawLanes();
    const span = view[1] - view[0];
    const x = cursor === null ? 0 : GUTTER + ((position(seats[SEATS[0]], cursor) - view[0]) / span) * plotWidth(lanes) + lanes.offsetLeft;
    showCard(x, lanes.offsetTop + 96);
  }
  const under = (event) => {
    const at = positionAt(lanes, event.offsetX, view);
    if (event.offsetX < GUTTER || event.offsetX > lanes.clientWidth - RIGHT_MARGIN) return null;
    const below = SEATS.length > 1 && event.offsetY > Number(lanes.dataset.height) * 0.56 ? SEATS[1] : SEATS[0];
    return frameAt(seats[below], at);
  };
  let dragged = null;
  lanes.addEventListener("pointerdown", (event) => { dragged = { x: event.offsetX, view: [...view], moved: false }; lanes.setPointerCapture(event.pointerId); });
  lanes.addEventListener("pointermove", (event) => {
    if (dragged) {
      const shift = ((dragged.x - event.offsetX) / plotWidth(lanes)) * (dragged.view[1] - dragged.view[0]);
      dragged.moved = dragged.moved || Math.abs(dragged.x - event.offsetX) > 3;
      if (dragged.moved) { setView(dragged.view[0] + shift, dragged.view[1] + shift); if (!pinned) point(null, false); }
    } else if (!pinned) point(under(event), false);
  });
  lanes.addEventListener("pointerup", (event) => {
    if (dragged && !dragged.moved) { const frame = under(event); point(pinned && frame === cursor ? null : frame, frame !== null); }
    dragged = null;
  });
  lanes.addEventListener("pointerleave", () => { if (!pinned && !dragged) point(null, false); });
  lanes.addEventListener("wheel", (event) => {
    event.preventDefault();
    const span = view[1] - view[0];
    if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
      const shift = ((event.deltaX || event.deltaY) / 800) * span;
      setView(view[0] + shift, view[1] + shift);
    } else zoom(Math.exp(Math.max(-1, Math.min(1, event.deltaY / 300))), positionAt(lanes, event.offsetX, view));
  }, { passive: false });
  lanes.addEventListener("dblclick", () => setView(...whole()));
  let chosen = null;
  map.addEventListener("pointerdown", (event) => { chosen = positionAt(map, event.offsetX, whole()); map.setPointerCapture(event.pointerId); });
  map.addEventListener("pointermove", (event) => {
    if (chosen === null) return;
    const at = positionAt(map, event.offsetX, whole());
    if (Math.abs(at - chosen) > last[mode] / 200) setView(Math.min(at, chosen), Math.max(at, chosen));
  });
  map.addEventListener("pointerup", (event) => {
    const at = positionAt(map, event.offsetX, whole()), half = (view[1] - view[0]) / 2;
    if (chosen !== null && Math.abs(at - chosen) <= last[mode] / 200) setView(at - half, at + half);
    chosen = null;
  });
  lanes.addEventListener("keydown", (event) => {
    const step = event.shiftKey ? 10 : 1;
    const first = Math.ceil(frameAt(seats[SEATS[0]], view[0]));
    if (event.key === "ArrowRight") point((cursor ?? first - step) + step, true);
    else if (event.key === "ArrowLeft") point((cursor ?? first + step) - step, true);
    else if (event.key === "+" || event.key === "=") zoom(0.5);
    else if (event.key === "-") zoom(2);
    else if (event.key === "0") setView(...whole());
    else if (event.key === "Escape") point(null, false);
    else return;
    event.preventDefault();
  });
  function setMode(wanted) {
    if (wanted === mode) return;
    const seat = seats[SEATS[0]], from = frameAt(seat, view[0]), to = frameAt(seat, view[1]) + 1;
    const isWhole = view[1] - view[0] >= last[mode];
    mode = wanted;
    document.getElementById("by-frame").setAttribute("aria-pressed", String(mode === "frames"));
    document.getElementById("by-time").setAttribute("aria-pressed", String(mode === "time"));
    if (isWhole) setView(...whole()); else setView(position(seat, from), position(seat, to));
    point(cursor, pinned);
  }
  document.getElementById("by-frame").addEventListener("click", () => setMode("frames"));
  document.getElementById("by-time").addEventListener("click", () => setMode("time"));
  document.getElementById("in").addEventListener("click", () => zoom(0.5));
  document.getElementById("out").addEventListener("click", () => zoom(2));
  document.getElementById("all").addEventListener("click", () => setView(...whole()));

  // --- stretches ------------------------------------------------------------------------------------------------
  const rows = [...document.querySelectorAll("#stretches tr")];
  function visit(row) {
    const first = Number(row.dataset.first), end = Number(row.dataset.last) + 1, pad = Math.max(10, (end - first) / 2);
    const seat = seats[row.children[2].textContent] ?? seats[SEATS[0]];
    const edge = (frame) => position(seat, Math.max(0, Math.min(data.frames, Math.round(frame))));
    setView(edge(first - pad), edge(end + pad));
    point(first, true);
    document.getElementById("timeline").scrollIntoView({ block: "start" });
    lanes.focus({ preventScroll: true });
  }
  for (const row of rows) {
    row.addEventListener("click", () => visit(row));
    row.addEventListener("keydown", (event) => { if (event.key === "Enter") visit(row); });
  }
  const topics = ["all", ...new Set(rows.map((row) => row.dataset.topic))];
  for (const topic of topics) {
    const button = element("button", topic === "all" ? `all ${rows.length}` : `${topic} ${rows.filter((row) => row.dataset.topic === topic).length}`);
    button.setAttribute("aria-pressed", String(topic === "all"));
    button.addEventListener("click", () => {
      for (const each of document.querySelectorAll("#topics button")) each.setAttribute("aria-pressed", String(each === button));
      for (const row of rows) row.hidden = topic !== "all" && row.dataset.topic !== topic;
    });
    document.getElementById("topics").append(button);
  }

  // --- legend ---------------------------------------------------------------------------------------------------
  function legend() {
    const used = new Set(["left", "right"].flatMap((name) => data.inputs[name].filter((code) => code >= 0).map(action)));
    const entries = [...used].sort((a, b) => a - b).map((id) => [`${ARROWS[actionName(id)] ?? ""} ${actionName(id)}`.trim(), (pen) => solid(pen, ACTION_COLOURS[id % ACTION_COLOURS.length], 1)]);
    entries.push(
      ["away", (pen) => hatch(pen, "#7b8493", "#e3e6ea")],
      ["catching up", (pen) => { solid(pen, PALE, 1); pen.fillStyle = INK; pen.fillRect(0, 9, 18, 3); }],
      ["guess came true", (pen) => solid(pen, "#8fd3bd", 0.4)],
      ["guess or picture never confirmed", (pen) => solid(pen, FAINT, 0.5)],
      ["guess was wrong", (pen) => solid(pen, VERMILION, 1)],
      ["rollback: dropped frames, depth", (pen) => { pen.fillStyle = "rgba(86,180,233,.35)"; pen.beginPath(); pen.moveTo(0, 12); pen.lineTo(16, 1); pen.lineTo(16, 12); pen.fill(); pen.fillStyle = BLUE; pen.fillRect(16, 1, 2, 11); }],
      ["held: window full", (pen) => hatch(pen, PURPLE, "#f7e6ef")],
      ["held at the end", (pen) => hatch(pen, FAINT, "#f3f4f6")],
      ["program stood still", (pen) => solid(pen, INK, 1)],
      ["shown: true", (pen) => solid(pen, "#b9d9ec", 0.6)],
      ["shown: parked or fast-forward", (pen) => hatch(pen, "#c9b800", "#fbf6b8")],
      ["shown: did not happen", (pen) => solid(pen, VERMILION, 1)],
      ["tick late", (pen) => solid(pen, SOFT, 0.7)],
      ["flip after the deadline", (pen) => solid(pen, "#d3d8e0", 1)],
      ["partner's input on its way", (pen) => { pen.fillStyle = SKY; pen.fillRect(0, 5, 18, 2); }],
      ["beyond the scale", (pen) => { pen.fillStyle = VERMILION; pen.fillRect(0, 1, 18, 4); }],
      ["round trip", (pen) => { pen.fillStyle = BLUE; pen.beginPath(); pen.arc(9, 6, 3, 0, 7); pen.fill(); }],
      ["tick period, up is slower", (pen) => { pen.fillStyle = GREEN; pen.fillRect(0, 5, 18, 2); }],
      ["▾ something happened in the game", (pen) => { pen.fillStyle = INK; pen.beginPath(); pen.moveTo(5, 3); pen.lineTo(13, 3); pen.lineTo(9, 9); pen.fill(); }],
    );
    const list = document.getElementById("legend");
    for (const [text, paint] of entries) {
      const entry = element("div"), swatch = element("dt"), canvas = element("canvas");
      canvas.width = 18 * sharp; canvas.height = 12 * sharp;
      const pen = canvas.getContext("2d");
      pen.scale(sharp, sharp);
      paint(pen);
      swatch.append(canvas);
      entry.append(swatch, element("dd", text.replace("▾ ", "")));
      list.append(entry);
    }
  }
  function solid(pen, colour, share) { pen.fillStyle = colour; pen.fillRect(0, 12 * (1 - share), 18, 12 * share); }
  function hatch(pen, colour, ground) { pen.fillStyle = hatched(pen, colour, ground); pen.fillRect(0, 0, 18, 12); }

  legend();
  draw();
  window.addEventListener("resize", draw);
  const asked = new URLSearchParams(location.hash.slice(1));
  if (asked.has("time")) setMode("time");
  if (asked.has("frames")) { const [from, to] = asked.get("frames").split("-").map(Number); const seat = seats[SEATS[0]]; setView(position(seat, from), position(seat, to + 1)); }
  if (asked.has("frame")) point(Number(asked.get("frame")), true);
  document.documentElement.dataset.ready = "yes";
  document.documentElement.dataset.fetched = String(performance.getEntriesByType("resource").length);
})();

"use strict";
(() => {
  const view = JSON.parse(document.getElementById("data").textContent);
  const COLORS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#7a5195", "#444"];
  const STATE = ["#dfe3e8", "#9ecae1", "#fdae6b", "#d7301f", "#2b2b2b"];
  const $ = (id) => document.getElementById(id);
  const M = view.methods.length;

  // The time line: trials end to end, each as long as the slowest decoder takes.
  const trials = [], parts = [];
  let frames = 0;
  view.days.forEach((day, d) => {
    parts.push({ first: frames, index: trials.length });
    day.trials.forEach((trial) => {
      const length = Math.max(...trial.runs.map((r) => r.path.length / 2));
      trials.push({ ...trial, day: d, first: frames, length });
      frames += length;
    });
  });
  const last = Math.max(frames - 1, 0);
  let frame = 0, playing = false, before = 0, carry = 0;

  const at = (f) => {
    let low = 0, high = trials.length - 1;
    while (low < high) {
      const mid = (low + high + 1) >> 1;
      if (trials[mid].first <= f) low = mid; else high = mid - 1;
    }
    return low;
  };

  // Scores at the end of each trial, since the start of its part.
  const score = (method, index, local) => {
    let value = { n: 0, hits: 0, time: 0, sse: 0, sst: 0, sum: null };
    for (let i = parts[trials[index].day].index; i <= index; i++) {
      const run = trials[i].runs[method];
      if (i === index && local < run.path.length / 2 - 1) break;
      value.n += 1;
      if (run.hit) { value.hits += 1; value.time += run.entered * view.bin_width; }
      if (run.sse !== undefined) { value.sse += run.sse; value.sst += run.sst; }
    }
    return value;
  };
  const number = (s) => (view.kind === "closed" ? (s.n ? s.hits / s.n : null) : s.sst ? 1 - s.sse / s.sst : null);
  const words = (s) => {
    if (view.kind === "closed") {
      const mean = s.hits ? `, ${(s.time / s.hits).toFixed(2)} s a hit` : "";
      return `<b>${s.hits} of ${s.n}</b> hit${mean}`;
    }
    const r = number(s);
    return r === null ? "no labelled trial yet" : `R² so far <b>${r.toFixed(2).replace("-", "−")}</b>`;
  };

  // After a click of the mouse the space bar should play, not press the same button again.
  const release = (e) => { if (e.detail) e.currentTarget.blur(); };

  const panels = view.methods.map((method, m) => {
    const box = document.createElement("div");
    box.className = "panel";
    const title = document.createElement("h3"), dot = document.createElement("i");
    dot.style.background = COLORS[m % COLORS.length];
    title.append(dot, method.name);
    title.title = method.what;
    const text = document.createElement("p"), canvas = document.createElement("canvas");
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", `Cursor of ${method.name}`);
    box.append(title, text, canvas);
    $("panels").append(box);
    return { text, canvas };
  });
  view.days.forEach((day, d) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = day.label;
    button.onclick = (e) => { seek(parts[d].first); release(e); };
    $("days").append(button);
  });
  view.states.forEach((state, i) => {
    const item = document.createElement("li"), box = document.createElement("i");
    box.style.background = STATE[i];
    item.append(box, state);
    item.dataset.state = i;
    $("states").append(item);
  });

  const fit = (canvas) => {
    const ratio = window.devicePixelRatio || 1, box = canvas.getBoundingClientRect();
    const w = Math.round(box.width * ratio), h = Math.round(box.height * ratio);
    if (canvas.width !== w || canvas.height !== h) { canvas.width = w; canvas.height = h; }
    const pen = canvas.getContext("2d");
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, box.width, box.height);
    return [pen, box.width, box.height];
  };

  const drawPanel = (m, trial, local) => {
    const [pen, w, h] = fit(panels[m].canvas);
    const half = view.half_width * 1.04, scale = w / (2 * half);
    const X = (x) => w / 2 + x * scale, Y = (y) => h / 2 - y * scale;
    const run = trial.runs[m], end = run.path.length / 2 - 1, now = Math.min(local, end);
    const over = local >= end, [tx, ty] = trial.target, r = Math.max(view.radius * scale, 3);
    pen.fillStyle = over && run.hit ? "#bfe3c6" : over && run.hit === false ? "#f3cdc6" : "#dde4ee";
    pen.strokeStyle = "#7b8794";
    pen.lineWidth = 1.5;
    pen.beginPath();
    if (view.shape === "box") pen.rect(X(tx) - r, Y(ty) - r, 2 * r, 2 * r); else pen.arc(X(tx), Y(ty), r, 0, 7);
    pen.fill();
    pen.stroke();
    pen.strokeStyle = COLORS[m % COLORS.length];
    pen.globalAlpha = 0.55;
    pen.lineWidth = 2;
    pen.lineJoin = "round";
    pen.beginPath();
    for (let i = 0; i <= now; i++) pen.lineTo(X(run.path[2 * i] / 100), Y(run.path[2 * i + 1] / 100));
    pen.stroke();
    pen.globalAlpha = 1;
    pen.fillStyle = COLORS[m % COLORS.length];
    pen.beginPath();
    pen.arc(X(run.path[2 * now] / 100), Y(run.path[2 * now + 1] / 100), 6, 0, 7);
    pen.fill();
    if (over && run.hit !== null && run.hit !== undefined) {
      pen.font = "600 13px system-ui, sans-serif";
      pen.fillStyle = run.hit ? "#14652a" : "#a02113";
      pen.fillText(run.hit ? `hit after ${(run.entered * view.bin_width).toFixed(2)} s` : "missed", 10, 18);
    }
  };

  const drawChannels = (day, index) => {
    const [pen, w, h] = fit($("channels"));
    const states = trials[index].channels ?? day.channels, n = states.length;
    const across = Math.ceil(Math.sqrt(n)), down = Math.ceil(n / across);
    const size = Math.min(w / across, h / down);
    states.forEach((state, i) => {
      pen.fillStyle = STATE[state];
      pen.fillRect((i % across) * size + 1, Math.floor(i / across) * size + 1, size - 2, size - 2);
    });
    document.querySelectorAll("#states li").forEach((item, i) => {
      const count = states.filter((s) => s === i).length;
      item.lastChild.textContent = `${view.states[i]}: ${count}`;
    });
  };

  const drawScore = (index, local) => {
    const [pen, w, h] = fit($("score"));
    const from = parts[trials[index].day].index, n = view.days[trials[index].day].trials.length;
    const low = view.kind === "closed" ? 0 : -1, left = 38, bottom = h - 18;
    const X = (i) => left + ((i - from) / Math.max(n - 1, 1)) * (w - left - 8), Y = (v) => bottom - ((Math.max(v, low) - low) / (1 - low)) * (bottom - 8);
    pen.font = "11px system-ui, sans-serif";
    pen.fillStyle = "#566070";
    pen.strokeStyle = "#e1e4e9";
    pen.lineWidth = 1;
    for (const v of low ? [-1, 0, 1] : [0, 0.5, 1]) {
      pen.beginPath(); pen.moveTo(left, Y(v)); pen.lineTo(w - 8, Y(v)); pen.stroke();
      pen.fillText(low ? (v === -1 ? "≤ −1" : String(v)) : `${100 * v} %`, 2, Y(v) + 4);
    }
    pen.fillText("trial 1", left, h - 3);
    pen.fillText(String(n), w - 8 - pen.measureText(String(n)).width, h - 3);
    for (let m = 0; m < M; m++) {
      pen.strokeStyle = pen.fillStyle = COLORS[m % COLORS.length];
      pen.lineWidth = 2;
      pen.beginPath();
      let x = null, y = null;
      for (let i = from; i <= index; i++) {
        const value = number(score(m, i, i === index ? local : Infinity));
        if (value === null) continue;
        [x, y] = [X(i), Y(value)];
        pen.lineTo(x, y);
      }
      pen.stroke();
      if (x !== null) { pen.beginPath(); pen.arc(x, y, 3.5, 0, 7); pen.fill(); }
    }
  };

  const drawLine = () => {
    const [pen, w, h] = fit($("timeline"));
    const X = (f) => (f / Math.max(frames, 1)) * w, high = h / M;
    trials.forEach((trial) => trial.runs.forEach((run, m) => {
      pen.globalAlpha = run.hit === false ? 0.25 : 1;
      pen.fillStyle = COLORS[m % COLORS.length];
      pen.fillRect(X(trial.first), m * high + 1, Math.max(X(run.path.length / 2) - 1, 1), high - 2);
    }));
    pen.globalAlpha = 1;
    pen.fillStyle = "#14202e";
    parts.forEach((part, d) => d && pen.fillRect(X(part.first) - 1, 0, 2, h));
    pen.fillRect(X(frame) - 1, 0, 3, h);
  };

  const draw = () => {
    const index = at(frame), trial = trials[index], local = frame - trial.first, day = view.days[trial.day];
    for (let m = 0; m < M; m++) {
      drawPanel(m, trial, local);
      panels[m].text.innerHTML = words(score(m, index, local));
    }
    drawChannels(day, index);
    drawScore(index, local);
    drawLine();
    $("scrub").value = frame;
    const seconds = (frame * view.bin_width).toFixed(1);
    $("where").textContent = `${day.label} · trial ${index - parts[trial.day].index + 1} of ${day.trials.length} · ${seconds} s`;
    $("scrub").setAttribute("aria-valuetext", $("where").textContent);
    [...$("days").children].forEach((b, d) => b.setAttribute("aria-pressed", String(d === trial.day)));
  };

  const seek = (f) => { frame = Math.min(Math.max(Math.round(f), 0), last); carry = 0; draw(); };
  const toggle = (on) => {
    playing = on === undefined ? !playing : on;
    if (playing && frame >= last) frame = 0;
    $("play").setAttribute("aria-pressed", String(playing));
    $("playlabel").textContent = playing ? "Pause" : "Play";
    $("icon").setAttribute("d", playing ? "M3 1h4v14H3zM9 1h4v14H9z" : "M3 1l11 7-11 7z");
    before = performance.now();
    if (playing) requestAnimationFrame(step);
  };
  const step = (now) => {
    if (!playing) return;
    carry += ((now - before) / 1000 / view.bin_width) * Number($("speed").value);
    before = now;
    const bins = Math.floor(carry);
    if (bins > 0) {
      carry -= bins;
      frame = Math.min(frame + bins, last);
      draw();
      if (frame >= last) { toggle(false); return; }
    }
    requestAnimationFrame(step);
  };
  const jump = (by) => {
    const index = at(frame);
    const back = by < 0 && frame > trials[index].first + 3 ? 0 : by;
    seek(trials[Math.min(Math.max(index + back, 0), trials.length - 1)].first);
  };
  const faster = (by) => {
    const box = $("speed");
    box.selectedIndex = Math.min(Math.max(box.selectedIndex + by, 0), box.options.length - 1);
  };

  $("scrub").max = last;
  $("scrub").oninput = (e) => seek(Number(e.target.value));
  $("play").onclick = () => toggle();
  $("prev").onclick = (e) => { jump(-1); release(e); };
  $("next").onclick = (e) => { jump(1); release(e); };
  document.addEventListener("keydown", (e) => {
    if (e.ctrlKey || e.metaKey || e.altKey) return;
    const tag = e.target.tagName;
    if (tag === "SELECT" || tag === "SUMMARY" || (tag === "BUTTON" && e.key === " ") || e.key === "Tab") return;
    const does = {
      " ": () => toggle(), ArrowLeft: () => (e.shiftKey ? jump(-1) : seek(frame - 1)),
      ArrowRight: () => (e.shiftKey ? jump(1) : seek(frame + 1)), ArrowUp: () => faster(1), ArrowDown: () => faster(-1),
      Home: () => seek(0), End: () => seek(last),
    }[e.key] ?? (/^[1-9]$/.test(e.key) && parts[e.key - 1] ? () => seek(parts[e.key - 1].first) : null);
    if (does) { e.preventDefault(); does(); }
  });
  $("scorewords").textContent = view.kind === "closed" ? "Share of the trials hit since the part began." : "R² of the decoded direction over the labelled bins of the trials since the part began.";
  new ResizeObserver(draw).observe($("viewer"));
  draw();
})();

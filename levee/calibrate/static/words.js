// What the page says, in both languages.
const EN = {
  title: "Calibrate", step1: "Frame", step2: "Ground", step3: "Zones and gates", step4: "Check and save",
  toolSelect: "Move", toolSelectTip: "Select and drag what is drawn (V)", toolPoint: "Ground point", toolPointTip: "Click a place on the ground (P)",
  toolSpan: "Distance", toolSpanTip: "Click two points between which you measured (D)", toolEdge: "Straight edge", toolEdgeTip: "Click along an edge that is straight in reality; Enter ends it (E)",
  toolZone: "Zone", toolZoneTip: "Click the corners on the ground; Enter or the first corner closes it (Z)", toolGate: "Gate", toolGateTip: "Click the two ends of a line that people cross (G)",
  undo: "Undo", undoTip: "Ctrl+Z", redo: "Redo", redoTip: "Ctrl+Shift+Z", remove: "Delete", removeTip: "Delete what is selected (Del)", grid: "Metric grid",
  keys: "Keyboard: arrows move the cross (Shift: 10 px), Enter sets a point, Esc gives up, Del deletes, Ctrl+Z undoes; V P D E Z G choose a tool.",
  hint1: "Choose a frame on which the ground is well seen: few people, good light.\nThen name the camera. From here it takes about ten minutes.",
  moment: "Moment", fresh: "New picture", size: "Picture", site: "Site", box: "Box", camera: "Camera",
  names: "Names: a to z, 0 to 9 and '-'. They become topics and file names.", next2: "On to the ground →", next3: "On to zones →", next4: "On to checking →",
  byPoints: "Points with metres", byDistances: "Distances", byMount: "Height and tilt",
  hintPoints: "Click four or more places on the ground that you can measure: corners of paving, bases of posts, markings. Spread them wide, near and far.\nType where each lies: x to the right, y away from the camera, from any corner you like. More than four show an error.",
  hintDistances: "Click four or more places on the ground, then measure between them with a tape: the sides and one diagonal of a rectangle are enough.\nTool Distance: click one point, then another, and type the metres.",
  hintMount: "Nothing to measure on the ground? Give the height of the lens, its tilt below the horizon, and the field of view from the data sheet.\nTurn the sliders until the grid lies flat on the ground and its squares fit what you know.",
  height: "Height, m", tilt: "Tilt, °", roll: "Roll, °", fov: "Field of view, °", from: "from", to: "to", metres: "metres", seen: "as seen", off: "off by", up: "z, m",
  addSpan: "+ distance", axes: "x to the right, y away from the camera, z up (steps only).", axesMount: "Points with metres, if there are any, check the mount.",
  lens: "Lens: straight edges look bent", lensHint: "Turn until kerbs and walls look straight beside the grid. Or take the tool Straight edge: click three or more places along an edge that is straight in reality, and the lens is found.",
  bend: "Bend", noLens: "No bend", noEdges: "Forget edges", lensOf: "found from {n} edges", barrel: "barrel", cushion: "cushion", none: "none",
  stairs: "Stairs and ramps", stairsHint: "Flights as places on the way up, one a line: x y z in metres, foot first. With points on the steps themselves z is enough.", addPiece: "+ flight", flight: "Flight {n}",
  more: "More", focal: "Focal length, px", headHeight: "Heads at, m", limit: "Limit, m",
  hint3: "Zone: click its corners on the ground, where feet stand; Enter closes it. Drag corners to move them.\nGate: a line that people cross; the arrow shows the way in.",
  zones: "Zones", gates: "Gates", noZones: "none yet", name: "Name", called: "Called", kind: "Kind", capacity: "Capacity", area: "{a} m²", wide: "{a} m wide",
  into: "Into", outOf: "Out of", outside: "outside", swap: "Turn round", drop: "Delete",
  hint4: "Count the people and compare with what you see. Then save: the file is what the box runs with.",
  liveStart: "Count live", liveStop: "Stop counting", people: "people", mean: "mean /m²", worst: "worst 10 m²", zone: "zone", inView: "{v} people in view ({l} to {h})", unknown: "unknown: {why}", degraded: "degraded: {why}",
  save: "Save", siteTitle: "Site is called", responsible: "Who answers for it", filesTo: "Box: {b}\nSite (kinds, capacities): {s}", saveButton: "Check and save",
  savedTo: "Saved and checked: {f}", nothingNew: "Nothing has changed: the files are as they were.", tryIt: "Try it:", secret: "The address holds a password and is not written: set the variable {v} where the box runs.",
  askText: "{f}: there already, and it says something else. Replace it?", keptBefore: "What it holds now is kept beside it, in a file that ends in .before.", replace: "Replace", leave: "Leave as it is",
  bird: "From above", ok: "The ground is found: residual {r} m.", okMount: "The ground is set by height and tilt. Check the grid.", okChecked: "The mount agrees with the points: residual {r} m.",
  poseText: "Camera {h} m up, looks {t}° down, field of view {f}°. Is that so?", drawing: "{n} corners; Enter closes", drawingGate: "now the other end", drawingSpan: "now the second point", drawingEdge: "{n} places; Enter ends it",
  cross: "the cross stands on {x}, {y}", lost: "No answer from levee calibrate: is it still running?", zoneFault: "zone {n}: {l}", gateFault: "gate {n}: {l}", start: "Choose a frame, then go on to the ground.",
  in: "in",
};
const ZH = {
  title: "标定", step1: "画面", step2: "地面", step3: "区域与出入口", step4: "检查与保存",
  toolSelect: "移动", toolSelectTip: "选择并拖动已画的内容 (V)", toolPoint: "地面点", toolPointTip: "点击地面上的位置 (P)",
  toolSpan: "距离", toolSpanTip: "点击两个量过距离的点 (D)", toolEdge: "直边", toolEdgeTip: "沿现实中笔直的边点击，回车结束 (E)",
  toolZone: "区域", toolZoneTip: "点击地面上的角点，回车或点第一个角点闭合 (Z)", toolGate: "出入口", toolGateTip: "点击人们穿过的线的两端 (G)",
  undo: "撤销", undoTip: "Ctrl+Z", redo: "重做", redoTip: "Ctrl+Shift+Z", remove: "删除", removeTip: "删除所选 (Del)", grid: "米制网格",
  keys: "键盘：方向键移动十字（Shift：10 像素），回车落点，Esc 放弃，Del 删除，Ctrl+Z 撤销；V P D E Z G 选择工具。",
  hint1: "选一帧地面清楚的画面：人少、光线好。\n然后给摄像机命名。从这里开始大约需要十分钟。",
  moment: "时刻", fresh: "换一帧", size: "画面", site: "场地", box: "盒子", camera: "摄像机",
  names: "名称：小写字母 a–z、数字 0–9 和 “-”。它们会成为主题名和文件名。", next2: "去标定地面 →", next3: "去画区域 →", next4: "去检查 →",
  byPoints: "带坐标的点", byDistances: "距离", byMount: "高度与俯角",
  hintPoints: "点击四个以上可测量的地面位置：铺砖的角、立柱根部、标线。尽量分散，远近都要有。\n填写每点的位置：x 向右，y 远离摄像机，原点任选。多于四点可显示误差。",
  hintDistances: "点击四个以上地面位置，再用卷尺量它们之间的距离：一个矩形的四边加一条对角线就够了。\n“距离”工具：先点一个点，再点另一个点，然后填写米数。",
  hintMount: "地面上无法测量？请填写镜头高度、低于水平线的俯角，以及数据表中的视场角。\n调节滑块，直到网格平铺在地面上，方格与已知尺寸相符。",
  height: "高度（米）", tilt: "俯角（°）", roll: "侧倾（°）", fov: "视场角（°）", from: "从", to: "到", metres: "米", seen: "看到的", off: "偏差", up: "z（米）",
  addSpan: "+ 距离", axes: "x 向右，y 远离摄像机，z 向上（仅台阶）。", axesMount: "如果有带坐标的点，用来核对安装参数。",
  lens: "镜头：直边看起来弯曲", lensHint: "调节到路缘和墙面与网格一样直。也可以用“直边”工具：沿现实中笔直的边点击三处以上，镜头参数会自动求出。",
  bend: "弯曲", noLens: "无弯曲", noEdges: "清除直边", lensOf: "由 {n} 条直边求得", barrel: "桶形", cushion: "枕形", none: "无",
  stairs: "台阶与坡道", stairsHint: "沿上行方向的位置，每行一个：x y z（米），最低处在先。如果台阶上有测量点，填 z 即可。", addPiece: "+ 一段台阶", flight: "台阶 {n}",
  more: "更多", focal: "焦距（像素）", headHeight: "人头高度（米）", limit: "上限（米）",
  hint3: "区域：在地面上（脚站的地方）点击角点，回车闭合。拖动角点可移动。\n出入口：人们穿过的线，箭头表示进入方向。",
  zones: "区域", gates: "出入口", noZones: "还没有", name: "名称", called: "叫法", kind: "类型", capacity: "容量", area: "{a} 平方米", wide: "宽 {a} 米",
  into: "进入", outOf: "来自", outside: "外面", swap: "反向", drop: "删除",
  hint4: "数一数人，与你看到的比较。然后保存：盒子就用这个文件运行。",
  liveStart: "实时计数", liveStop: "停止计数", people: "人数", mean: "平均 /m²", worst: "最密 10 m²", zone: "区域", inView: "画面中 {v} 人（{l} 至 {h}）", unknown: "未知：{why}", degraded: "降级：{why}",
  save: "保存", siteTitle: "场地名称", responsible: "责任单位", filesTo: "盒子：{b}\n场地（类型、容量）：{s}", saveButton: "检查并保存",
  savedTo: "已检查并保存：{f}", nothingNew: "没有变化：文件保持原样。", tryIt: "试一试：", secret: "地址含密码，不会写入文件：请在盒子运行处设置变量 {v}。",
  askText: "{f}：文件已存在且内容不同。要替换吗？", keptBefore: "原来的内容会保存在旁边以 .before 结尾的文件中。", replace: "替换", leave: "保持原样",
  bird: "俯视图", ok: "地面已确定：残差 {r} 米。", okMount: "地面由高度与俯角确定。请检查网格。", okChecked: "安装参数与测量点一致：残差 {r} 米。",
  poseText: "摄像机高 {h} 米，俯角 {t}°，视场角 {f}°。对吗？", drawing: "{n} 个角点；回车闭合", drawingGate: "再点另一端", drawingSpan: "再点第二个点", drawingEdge: "{n} 处；回车结束",
  cross: "十字位于 {x}, {y}", lost: "levee calibrate 没有回应：它还在运行吗？", zoneFault: "区域 {n}：{l}", gateFault: "出入口 {n}：{l}", start: "先选一帧画面，再去标定地面。",
  in: "进",
};
export const LANGUAGES = { en: EN, zh: ZH };
let now = "en";
export const language = () => now;
export function speak(name) {
  now = name in LANGUAGES ? name : "en";
  document.documentElement.lang = now === "zh" ? "zh-CN" : "en";
  document.title = `Levee: ${t("title")}`;
  for (const one of document.querySelectorAll("[data-w]")) one.textContent = t(one.dataset.w);
  for (const one of document.querySelectorAll("[data-t]")) one.title = t(one.dataset.t);
  for (const one of document.querySelectorAll("[data-wl]")) one.setAttribute("aria-label", t(one.dataset.wl));
}
export function t(key, values = {}) {
  return (LANGUAGES[now][key] ?? EN[key] ?? key).replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}

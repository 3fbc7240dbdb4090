/** Rules of the explorer beside those of every page. */
export const EXPLORER_STYLE = `
main { max-width: 84rem; } .quiet { color: var(--quiet); font-size: .875rem; } p { margin: .5rem 0; } [hidden] { display: none !important; }
.explorer { display: grid; gap: 1.5rem; grid-template-columns: minmax(0, 3fr) minmax(17rem, 2fr); align-items: start; }
button, select, input { font: inherit; color: inherit; } input[type=range] { width: 100%; accent-color: var(--accent); min-height: 1.75rem; margin: 0; }
input[type=radio] { accent-color: var(--accent); }
button, select { border: 1px solid var(--line); border-radius: .4rem; background: var(--raised); padding: .3rem .6rem; min-height: 2.25rem; max-width: 100%; }
button { cursor: pointer; } button:hover { border-color: var(--accent); } button[aria-pressed=true] { border-color: var(--accent); box-shadow: inset 0 0 0 1px var(--accent); }
fieldset { border: 1px solid var(--line); border-radius: .5rem; padding: .5rem .9rem .75rem; margin: 0 0 1rem; min-width: 0; }
legend { font-weight: 600; padding: 0 .3rem; } .choices > label { display: block; margin-bottom: .75rem; font-weight: 600; } .choices > label select { font-weight: normal; margin-left: .35rem; }
.pair { display: flex; flex-wrap: wrap; gap: .25rem 1rem; align-items: center; margin-top: .35rem; } .pair label { display: flex; align-items: center; gap: .35rem; min-height: 2.25rem; min-width: 0; } .pair select { min-width: 0; }
output { font-variant-numeric: tabular-nums; } fieldset output { float: right; color: var(--quiet); } label:has(+ input[type=range]) { display: block; margin-top: .4rem; }
.tokens { display: flex; flex-wrap: wrap; gap: .4rem; margin: 0 0 .6rem; } .tokens small { font-variant-numeric: tabular-nums; }
.stage { position: relative; overflow: hidden; width: min(100%, calc(85vh * var(--aspect, 1))); aspect-ratio: var(--aspect, 1); border-radius: .4rem; background: var(--raised); }
.stage img { position: absolute; inset: 0; width: 100%; height: 100%; user-select: none; }
.field { position: absolute; box-shadow: 0 0 0 100vmax #0009; outline: 1px solid #fff8; }
.field canvas { position: absolute; inset: 0; width: 100%; height: 100%; image-rendering: pixelated; pointer-events: none; }
.cells { position: absolute; inset: 0; display: flex; flex-direction: column; touch-action: manipulation; cursor: crosshair; }
.cells [role=row] { display: flex; flex: 1; min-height: 0; } .cells [role=gridcell] { flex: 1; min-width: 0; box-shadow: inset 0 0 0 .5px #fff3; }
.cells [role=gridcell]:hover { box-shadow: inset 0 0 0 1px #fff, inset 0 0 0 2px #000a; }
.cells [role=gridcell]:focus-visible { outline: 3px solid #fff; outline-offset: 0; box-shadow: 0 0 0 5px #000; z-index: 2; position: relative; }
[data-mark] { box-shadow: inset 0 0 0 2px #ff2fd0, 0 0 0 1.5px #000 !important; } .cells [data-mark] { position: relative; z-index: 1; }
.cells [data-mark=kept] { box-shadow: inset 0 0 0 3px #ff2fd0, 0 0 0 2px #000 !important; }
.tokens [data-mark] { box-shadow: inset 0 0 0 2px #d6009f !important; }
.bar { width: min(100%, calc(85vh * var(--aspect, 1))); display: grid; grid-template-columns: 1fr auto 1fr; gap: .15rem .5rem; margin-top: .6rem; font-size: .875rem; font-variant-numeric: tabular-nums; }
.bar canvas { grid-column: 1 / -1; width: 100%; height: .8rem; border-radius: .2rem; } #greatest { text-align: right; } #quantity { color: var(--quiet); }
.pointed { min-height: 1.5em; font-variant-numeric: tabular-nums; font-weight: 600; } .caption { margin-top: 0; }
.prediction { display: flex; gap: .5rem; align-items: center; min-height: 2.25rem; padding: 0 .4rem; border-radius: .3rem;
  background: linear-gradient(to right, color-mix(in srgb, var(--accent) 18%, transparent) calc(100% * var(--share)), transparent 0); }
.prediction .share { margin-left: auto; font-variant-numeric: tabular-nums; } #class-note { margin: .5rem 0 0; }
summary { cursor: pointer; min-height: 2rem; } details ul { margin: .25rem 0; padding-left: 1.2rem; }
.scroll { overflow-x: auto; padding: 3px; }
.wall { display: grid; gap: .35rem; grid-template-columns: max-content repeat(var(--columns), minmax(3.5rem, 1fr)); align-items: center; max-width: calc(5rem + var(--columns) * 7rem); }
.wall [role=row] { display: contents; } .wall [role=rowheader], .wall [role=columnheader] { font-size: .8rem; color: var(--quiet); white-space: nowrap; } .wall [role=columnheader] { text-align: center; }
.wall [role=rowheader] { position: sticky; left: -3px; background: var(--background); padding: .4rem .35rem .4rem 3px; }
.wall button { padding: 0; border: 0; background: none; min-height: 0; line-height: 1.2; border-radius: .2rem; } .wall canvas { display: block; width: 100%; image-rendering: pixelated; border-radius: .2rem; }
.wall small { font-size: .7rem; white-space: nowrap; font-variant-numeric: tabular-nums; } .wall button:hover { box-shadow: 0 0 0 2px var(--line); }
.wall [aria-selected=true] { box-shadow: 0 0 0 3px var(--accent) !important; }
#steps-body { display: grid; gap: 0 1.5rem; grid-template-columns: minmax(0, max-content) minmax(0, 1fr); align-items: start; }
#steps table { font-size: .8125rem; } #steps td { text-align: right; padding: .15rem .4rem; font-family: ui-monospace, monospace; white-space: nowrap; }
#steps th { text-align: left; font-weight: 600; padding: .15rem .5rem .15rem 0; white-space: nowrap; } #steps thead th { text-align: right; padding: .15rem .4rem; } #steps thead th:first-child { text-align: left; padding-left: 0; }
#steps tr { border-bottom: 1px solid var(--line); } #steps td.share { background: linear-gradient(to right, color-mix(in srgb, var(--accent) 22%, transparent) calc(100% * var(--share)), transparent 0); }
.numbers { max-height: 26rem; overflow-y: auto; } .numbers thead th { position: sticky; top: -3px; background: var(--background); }
@media (max-width: 62rem) { #steps-body { grid-template-columns: minmax(0, 1fr); } }
@media (max-width: 40rem) { #steps table { font-size: .68rem; } #steps td, #steps thead th { padding: .1rem .2rem; } #steps tbody button { padding: .1rem .3rem; min-height: 1.75rem; } #steps .wide { display: none; } #steps .ways td { white-space: normal; } }
@media (max-width: 52rem) { .explorer { grid-template-columns: minmax(0, 1fr); } main { margin: 1rem auto; } .stage { border-radius: 0; margin: 0 -1rem; width: calc(100% + 2rem); } }
@media (forced-colors: active) { [data-mark], .wall [aria-selected=true] { outline: 3px solid Highlight; } }
`;

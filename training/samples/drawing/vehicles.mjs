import { blurred, field, grass, lit, picture, road, shadow, sky, water } from './ground.mjs';

const wheel = (x, y, r) =>
  `<circle cx="${x}" cy="${y}" r="${r}" fill="#191919"/><circle cx="${x}" cy="${y}" r="${r * 0.55}" fill="#b9bcc0"/>
   <circle cx="${x}" cy="${y}" r="${r * 0.2}" fill="#4a4a4a"/>`;

const clouds = blurred(
  '#ffffff',
  [
    [30, 36, 26, 9],
    [120, 24, 30, 8],
    [96, 126, 40, 10],
  ],
  6,
);

const airliner = picture(
  sky(),
  clouds,
  lit('hull', '#ffffff', '#9aa3ad'),
  `<g transform="rotate(-9 80 84)"><path d="M96 84 L70 52 L60 52 L74 84 Z" fill="#8d96a1"/>
   <path d="M14 86 Q18 76 40 75 L124 74 Q142 75 152 83 Q144 92 124 93 L40 95 Q18 95 14 86 Z" fill="url(#hull)"/>
   <path d="M20 78 L10 48 L22 48 L42 76 Z" fill="#2f5fa8"/><path d="M96 88 L52 124 L40 124 L64 88 Z" fill="#b4bcc6"/>
   <path d="M34 87 L14 100 L8 100 L20 86 Z" fill="#aab2bc"/><ellipse cx="72" cy="102" rx="10" ry="5" fill="#6d7681"/>
   <path d="M40 82 H128" stroke="#39475a" stroke-width="2.4" stroke-dasharray="2.2 3.4"/><path d="M137 79 L146 82 L137 83 Z" fill="#26313f"/></g>`,
);

const jetOnRunway = picture(
  sky(['#8fb3d4', '#e4e7e6']),
  blurred(
    '#5d7153',
    [
      [30, 96, 50, 6],
      [120, 96, 60, 7],
    ],
    3,
  ),
  road(100),
  shadow(82, 128, 60, 5),
  lit('hull', '#f4f6f8', '#8e979f'),
  `<path d="M6 100 Q12 90 40 88 L130 86 Q150 90 155 100 Q148 110 128 111 L30 112 Q8 110 6 100 Z" fill="url(#hull)"/>
   <path d="M112 88 L138 52 L150 52 L142 90 Z" fill="#b23a3a"/><path d="M60 102 L112 120 L122 118 L92 100 Z" fill="#7f8891"/>
   <ellipse cx="84" cy="116" rx="12" ry="6" fill="#5f6870"/><path d="M30 97 H124" stroke="#2c3947" stroke-width="2.6" stroke-dasharray="2.4 3.4"/>
   <path d="M12 95 L24 91 L24 97 Z" fill="#222c38"/>`,
  wheel(34, 122, 5),
  wheel(88, 126, 5),
);

const car = (body, dark) =>
  `${shadow(80, 124, 62, 5)}${lit('paint', body, dark)}
   <path d="M12 104 Q12 92 28 89 L46 86 L62 68 Q66 64 76 64 L104 64 Q112 64 118 70 L132 87 L146 91 Q152 94 151 108 L148 118 H16 Q12 116 12 104 Z" fill="url(#paint)"/>
   <path d="M54 86 L66 71 Q68 69 74 69 L84 69 L84 86 Z" fill="#22303c"/><path d="M90 69 L104 69 Q109 69 113 73 L123 86 H90 Z" fill="#22303c"/>
   <path d="M20 101 H146" stroke="${dark}" stroke-width="1.5"/><rect x="12" y="96" width="9" height="6" rx="2" fill="#f7edc2"/>
   <rect x="143" y="96" width="7" height="6" rx="2" fill="#c92a2a"/>${wheel(42, 117, 12)}${wheel(122, 117, 12)}`;

const redCar = picture(
  sky(['#b9cbd8', '#dfe6e6']),
  blurred(
    '#5c7048',
    [
      [20, 84, 40, 24],
      [110, 78, 60, 28],
    ],
    6,
  ),
  road(104),
  car('#d8312b', '#7d1512'),
);
const blueCar = picture(
  field('wall', ['#b7a58b', '#94826a'], { frequency: '0.08 0.3', grain: 0.3 }),
  grass(92, 6),
  road(112),
  `<g transform="translate(160 4) scale(-1 1)">${car('#3f6fc0', '#1a3263')}</g>`,
);

const sea = [sky(['#86aed0', '#dfe9ee']), water(98)];

const cargoShip = picture(
  ...sea,
  lit('hull', '#a83a34', '#551b1b'),
  `<path d="M8 92 L152 88 L142 116 Q80 121 22 116 Z" fill="url(#hull)"/><path d="M8 92 L152 88 L150 93 L10 97 Z" fill="#e9e4da"/>
   <rect x="112" y="52" width="26" height="38" fill="#f1efe8"/><path d="M114 60 H136 M114 68 H136 M114 76 H136" stroke="#3d4a57" stroke-width="3" stroke-dasharray="4 2"/>
   <rect x="120" y="38" width="9" height="15" fill="#27415f"/><rect x="28" y="74" width="24" height="18" fill="#c77b30"/><rect x="53" y="66" width="26" height="25" fill="#2f6c8f"/>
   <rect x="80" y="76" width="26" height="14" fill="#7a8c3a"/><path d="M22 92 V50 M16 58 H28" stroke="#46505a" stroke-width="2"/>`,
  blurred(
    '#e8f0f2',
    [
      [30, 120, 26, 2],
      [110, 120, 40, 2],
    ],
    2,
  ),
);

const sailingShip = picture(
  sky(['#5f94c9', '#d8e8f0']),
  clouds,
  water(112),
  lit('sail', '#ffffff', '#cfc8b4'),
  `<path d="M34 106 L128 106 Q122 122 108 124 L56 124 Q40 122 34 106 Z" fill="#5a3a22"/><path d="M80 106 V16" stroke="#46311f" stroke-width="3"/>
   <path d="M84 20 Q122 62 120 100 L84 100 Z" fill="url(#sail)"/><path d="M76 30 Q50 70 42 100 L76 100 Z" fill="url(#sail)" opacity="0.93"/>`,
  blurred('#e4eef2', [[80, 126, 54, 2]], 2),
);

const truck = (cab, cabDark, load) =>
  `${shadow(80, 130, 70, 5)}${lit('cab', cab, cabDark)}${load}
   <path d="M110 68 L132 68 Q138 68 142 78 L148 94 L152 98 V120 H110 Z" fill="url(#cab)"/><path d="M118 74 H130 Q134 74 137 82 L141 94 H118 Z" fill="#23313d"/>
   <rect x="146" y="102" width="7" height="7" fill="#f6ecc4"/><rect x="8" y="116" width="142" height="7" fill="#2a2a2c"/>
   ${wheel(32, 124, 11)}${wheel(58, 124, 11)}${wheel(130, 124, 11)}`;

const boxTruck = picture(
  sky(['#9fbdd6', '#e2e7e6']),
  blurred(
    '#6b7d58',
    [
      [40, 92, 60, 12],
      [130, 94, 50, 14],
    ],
    5,
  ),
  road(112),
  lit('box', '#fbfbf9', '#b6bac0'),
  truck(
    '#2f62b5',
    '#16305c',
    '<rect x="8" y="42" width="100" height="75" fill="url(#box)"/><path d="M8 62 H108" stroke="#3a6fc0" stroke-width="7"/>',
  ),
);
const dumpTruck = picture(
  field('hill', ['#c9b48a', '#8b6f46'], { frequency: '0.1', grain: 0.4 }),
  field('soil', ['#a5824f', '#6d5230'], { top: 112, frequency: '0.4', grain: 0.5 }),
  lit('bed', '#f2c230', '#a87408'),
  truck(
    '#f0b81e',
    '#9c6a08',
    '<path d="M6 66 L106 58 L104 116 H20 Z" fill="url(#bed)"/><path d="M24 70 V112 M46 68 V112 M68 66 V112 M90 64 V112" stroke="#8f6406" stroke-width="3"/>',
  ),
);

export const VEHICLES = {
  airplane: { flying: airliner, runway: jetOnRunway },
  automobile: { red: redCar, blue: blueCar },
  ship: { cargo: cargoShip, sails: sailingShip },
  truck: { box: boxTruck, dump: dumpTruck },
};

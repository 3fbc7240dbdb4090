import { blurred, coated, field, grass, lit, picture, shadow, sky, water } from './ground.mjs';

const leaves = field('leaves', ['#7f9a5a', '#41602f'], { frequency: '0.03', grain: 0.5, seed: 4 });
const room = field('room', ['#b8a892', '#7c6650'], { frequency: '0.02', grain: 0.3, seed: 9 });
const eye = (x, y, r, iris) =>
  `<circle cx="${x}" cy="${y}" r="${r}" fill="${iris}"/><circle cx="${x}" cy="${y}" r="${r * 0.55}" fill="#0c0b0a"/><circle cx="${x + r * 0.3}" cy="${y - r * 0.3}" r="${r * 0.22}" fill="#fff"/>`;

const songbird = picture(
  leaves,
  '<path d="M0 126 Q70 112 160 120" stroke="#4b3524" stroke-width="8" fill="none"/>',
  coated(
    'feathers',
    `${lit('back', '#8a6a48', '#5d4127')}<path d="M30 116 L6 134 L12 122 L40 98 Z" fill="#4c3520"/>
    <path d="M34 106 Q44 62 84 54 Q92 36 110 40 Q126 44 124 62 Q122 104 82 114 Q52 120 34 106 Z" fill="url(#back)"/>
    <path d="M124 60 Q122 104 82 114 Q70 116 62 112 Q98 98 106 64 Z" fill="#d98a4a"/><path d="M40 104 Q58 76 88 78 Q82 104 52 112 Z" fill="#4a331f"/>`,
  ),
  `<path d="M122 52 L138 56 L122 60 Z" fill="#3b3128"/>${eye(113, 50, 4, '#1c130c')}<path d="M82 114 L80 122 M92 111 L94 121" stroke="#3c2a1c" stroke-width="3"/>`,
);
const waterBird = picture(
  water(0, ['#7fa0a8', '#3d6474']),
  coated(
    'feathers',
    `${lit('back', '#f4f3ee', '#b5b3a8')}<path d="M22 96 Q30 76 66 78 Q88 80 96 86 Q104 68 100 50 Q98 34 112 32 Q126 32 126 46 Q120 52 118 66 Q120 96 108 108 Q70 122 36 112 Q24 106 22 96 Z" fill="url(#back)"/>
    <path d="M30 92 Q60 84 92 96 Q70 112 40 106 Z" fill="#d8d6cc"/>`,
    { strength: 0.3 },
  ),
  `<path d="M125 42 L144 48 L124 51 Z" fill="#e08a2c"/>${eye(116, 42, 3, '#1a1512')}`,
  blurred('#24404c', [[70, 120, 56, 5]], 4),
);

const catFace = (light, dark, iris) =>
  coated(
    'fur',
    `${lit('fur-colour', light, dark)}<path d="M30 76 L26 16 L66 44 Z M130 76 L134 16 L94 44 Z" fill="url(#fur-colour)"/>
    <path d="M36 60 L34 30 L56 46 Z M124 60 L126 30 L104 46 Z" fill="#c79484"/><ellipse cx="80" cy="92" rx="58" ry="52" fill="url(#fur-colour)"/>
    <path d="M80 40 V60 M66 42 L70 60 M94 42 L90 60 M26 92 L46 96 M28 108 L48 106 M134 92 L114 96 M132 108 L112 106" stroke="${dark}" stroke-width="4"/>
    <ellipse cx="68" cy="114" rx="16" ry="13" fill="#efe5d8"/><ellipse cx="92" cy="114" rx="16" ry="13" fill="#efe5d8"/>`,
    { frequency: '0.2 0.5' },
  ) +
  `${eye(56, 84, 11, iris)}${eye(104, 84, 11, iris)}<path d="M73 100 H87 L80 108 Z" fill="#b0645c"/><path d="M80 108 V114 Q72 122 66 116 M80 114 Q88 122 94 116" stroke="#4a3830" stroke-width="2" fill="none"/>
   <path d="M60 112 L20 106 M60 116 L20 120 M100 112 L140 106 M100 116 L140 120" stroke="#f5f1ea" stroke-width="1.2"/>`;
const greyCat = picture(room, catFace('#a29c94', '#5a544e', '#b9b04a'));
const gingerCat = picture(
  field('sofa', ['#5a6a86', '#35425a'], { frequency: '0.6', grain: 0.3 }),
  `<g transform="translate(24 4) scale(0.62)">${catFace('#e0994e', '#a3591c', '#8fae4c')}</g>`,
  coated(
    'body',
    '<path d="M46 84 Q26 118 32 152 H112 Q122 116 102 84 Q74 104 46 84 Z" fill="#cf8238"/><path d="M110 146 Q150 146 138 108" stroke="#b9691f" stroke-width="11" fill="none" stroke-linecap="round"/>',
    { frequency: '0.2 0.5', seed: 7 },
  ),
  '<path d="M58 92 Q72 106 88 92 L84 128 Q72 136 62 128 Z" fill="#f0e2cc"/>',
);

/** Body, four legs and a neck, seen from the side, looking to the right. */
const quadruped = (id, light, dark, { neck, legs, y = 0 }) =>
  coated(
    id,
    `${lit(`${id}-colour`, light, dark)}<g transform="translate(0 ${y})" fill="url(#${id}-colour)">
    <path d="M30 76 Q50 66 84 70 Q104 66 ${neck}"/>${legs.map((x) => `<path d="M${x} 92 L${x + 2} 138 H${x + 8} L${x + 13} 92 Z"/>`).join('')}
    <path d="M28 74 Q20 96 32 102 L88 104 Q110 100 112 76 Z"/></g>`,
    { frequency: '0.15 0.4' },
  );

const stag = picture(
  field('wood', ['#b9b48a', '#6f7a48'], { frequency: '0.06 0.02', grain: 0.5, seed: 12 }),
  grass(116),
  shadow(70, 140, 50),
  quadruped('hide', '#b5854f', '#7a5228', {
    neck: '108 44 L104 34 L116 28 Q136 34 142 46 Q138 54 124 52 Q122 72 112 86 Z',
    legs: [32, 46, 84, 96],
  }),
  '<path d="M108 32 Q92 20 98 4 M100 20 L88 12 M116 29 Q128 16 122 2 M124 16 L136 8" stroke="#d9c7a4" stroke-width="3.5" fill="none"/><path d="M104 34 L92 32 L102 40 Z" fill="#8a5f34"/>',
  `${eye(122, 38, 2.6, '#140d08')}<circle cx="141" cy="46" r="2.6" fill="#1a1310"/><path d="M28 80 L20 92 L30 94 Z" fill="#f2eadb"/>`,
);
const fawn = picture(
  leaves,
  coated(
    'hide',
    `${lit('hide-colour', '#c08c54', '#7d5429')}<path d="M52 160 L58 96 L102 96 L112 160 Z" fill="url(#hide-colour)"/><path d="M52 66 L14 44 Q22 74 54 82 Z M108 66 L146 44 Q138 74 106 82 Z" fill="#a9773f"/>
    <path d="M50 62 Q80 34 110 62 Q112 88 96 118 Q80 132 64 118 Q48 88 50 62 Z" fill="url(#hide-colour)"/><path d="M66 108 Q80 98 94 108 L92 122 Q80 130 68 122 Z" fill="#e9dcc6"/>`,
    { frequency: '0.2 0.4' },
  ),
  `${eye(60, 80, 6, '#1b110a')}${eye(100, 80, 6, '#1b110a')}<ellipse cx="80" cy="116" rx="8" ry="5" fill="#1c1512"/><path d="M24 52 Q30 66 50 74 M136 52 Q130 66 110 74" stroke="#e3c7a8" stroke-width="5" fill="none"/>`,
);

const dogFace = picture(
  room,
  coated(
    'coat',
    `${lit('coat-colour', '#b98a55', '#7c532a')}<ellipse cx="80" cy="84" rx="50" ry="56" fill="url(#coat-colour)"/>
    <path d="M40 50 Q12 54 16 110 Q34 118 44 88 Z M120 50 Q148 54 144 110 Q126 118 116 88 Z" fill="#5f3d1e"/><path d="M74 30 H86 L92 90 H68 Z" fill="#f1e9db"/>
    <ellipse cx="80" cy="112" rx="32" ry="27" fill="#f0e6d6"/>`,
    { frequency: '0.15 0.4' },
  ),
  `${eye(60, 76, 7, '#2b1a0c')}${eye(100, 76, 7, '#2b1a0c')}<ellipse cx="80" cy="100" rx="13" ry="9" fill="#17120f"/><path d="M80 109 V120 Q68 130 58 122 M80 120 Q92 130 102 122" stroke="#2a1d16" stroke-width="3" fill="none"/>
   <path d="M72 126 Q80 146 88 126 Z" fill="#d4686c"/>`,
);
const whiteDog = picture(
  leaves,
  grass(106, 11),
  shadow(74, 140, 52),
  quadruped('coat', '#f3efe6', '#c2b8a6', {
    neck: '102 46 Q104 30 122 30 Q132 32 134 42 L150 48 Q150 58 136 60 Q126 62 122 78 L112 90 Z',
    legs: [30, 44, 82, 96],
  }),
  `<path d="M106 34 Q94 40 98 62 Q108 60 110 44 Z" fill="#b9926a"/>${eye(126, 42, 3, '#1a120c')}<circle cx="149" cy="50" r="4" fill="#17130f"/><path d="M30 80 Q10 70 12 50" stroke="#e6dfd2" stroke-width="8" fill="none" stroke-linecap="round"/>`,
);

const frog = (light, dark, ground) =>
  picture(
    ground,
    shadow(80, 132, 60, 7),
    coated(
      'skin',
      `${lit('skin-colour', light, dark)}<path d="M22 128 Q4 96 34 84 Q56 92 48 128 Z M138 128 Q156 96 126 84 Q104 92 112 128 Z" fill="${dark}"/>
      <path d="M30 104 Q34 58 80 54 Q126 58 130 104 Q120 136 80 136 Q40 136 30 104 Z" fill="url(#skin-colour)"/><circle cx="52" cy="56" r="17" fill="url(#skin-colour)"/><circle cx="108" cy="56" r="17" fill="url(#skin-colour)"/>
      <path d="M44 122 L30 142 H56 L60 128 Z M116 122 L130 142 H104 L100 128 Z" fill="${light}"/>`,
      { frequency: '0.09', strength: 0.6 },
    ),
    `${eye(52, 54, 11, '#d9a92c')}${eye(108, 54, 11, '#d9a92c')}<path d="M36 92 Q80 114 124 92" stroke="#20301a" stroke-width="3" fill="none"/><path d="M48 106 Q80 122 112 106 Q104 132 80 132 Q56 132 48 106 Z" fill="#e6e2b4" opacity="0.75"/>`,
  );
const greenFrog = frog(
  '#8cbf3f',
  '#47741f',
  field('leaf', ['#3f6b34', '#1f3d1c'], { frequency: '0.02 0.15', grain: 0.5 }),
);
const brownFrog = frog('#a4834f', '#5e4524', field('mud', ['#8b7656', '#4a3b27'], { frequency: '0.3', grain: 0.6 }));

const brownHorse = picture(
  sky(['#8db7dc', '#dbe7ea']),
  blurred(
    '#5f7a48',
    [
      [24, 94, 44, 14],
      [130, 92, 50, 16],
    ],
    5,
  ),
  grass(102),
  shadow(72, 142, 54),
  quadruped('coat', '#8f5a30', '#53301a', {
    neck: '106 36 L108 22 L118 26 Q142 44 148 58 Q144 68 134 62 L122 54 Q122 76 112 90 Z',
    legs: [30, 46, 82, 98],
    y: 2,
  }),
  `<path d="M108 24 Q92 36 88 70 Q102 66 112 40 Z" fill="#23150c"/><path d="M30 78 Q8 92 14 126 Q28 112 34 92 Z" fill="#23150c"/>${eye(126, 44, 2.6, '#0d0805')}`,
);
const horseHead = picture(
  sky(['#a9c4d8', '#e4e4d8']),
  grass(124, 14),
  coated(
    'coat',
    `${lit('coat-colour', '#b0aca6', '#6d6862')}<path d="M10 160 Q14 86 54 44 L62 18 L76 36 Q104 46 122 96 Q128 116 116 124 Q102 128 96 112 Q82 100 74 92 Q76 130 84 160 Z" fill="url(#coat-colour)"/>`,
    { frequency: '0.15 0.4' },
  ),
  `<path d="M58 24 Q18 60 6 130 L22 140 Q30 80 66 44 Z" fill="#35302c"/>${eye(80, 62, 5, '#1a120c')}<ellipse cx="113" cy="110" rx="4" ry="6" fill="#2c2522"/><path d="M98 116 Q108 120 116 116" stroke="#2f2724" stroke-width="2" fill="none"/>`,
);

export const ANIMALS = {
  bird: { branch: songbird, water: waterBird },
  cat: { grey: greyCat, ginger: gingerCat },
  deer: { stag, fawn },
  dog: { face: dogFace, white: whiteDog },
  frog: { green: greenFrog, brown: brownFrog },
  horse: { brown: brownHorse, head: horseHead },
};

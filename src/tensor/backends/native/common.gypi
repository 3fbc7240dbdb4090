# What Node's own common.gypi says, as far as an addon needs it, for a Node that was installed without its headers.
{
  'target_defaults': {
    'default_configuration': 'Release',
    'cflags': ['-pthread', '-fPIC'],
    'ldflags': ['-pthread'],
    'configurations': {'Release': {'defines': ['NDEBUG']}, 'Debug': {}},
    'conditions': [
      ['OS=="mac"', {
        'xcode_settings': {'GCC_DYNAMIC_NO_PIC': 'NO', 'MACOSX_DEPLOYMENT_TARGET': '11.0'},
        'target_conditions': [
          ['_type!="static_library"', {'xcode_settings': {'OTHER_LDFLAGS': ['-Wl,-search_paths_first', '-undefined dynamic_lookup']}}],
        ],
      }],
    ],
  },
}

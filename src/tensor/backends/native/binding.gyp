{
  'target_defaults': {
    'cflags': ['-O3', '-Wall', '-Wextra', '-Werror', '-fvisibility=hidden', '-ffp-contract=off', '-fno-math-errno'],
    'cflags_cc!': ['-std=gnu++17', '-std=gnu++20', '-fno-exceptions'],
    'cflags_cc': ['-std=c++17'],
    'defines': ['NAPI_VERSION=8'],
    'xcode_settings': {
      'CLANG_CXX_LANGUAGE_STANDARD': 'c++17',
      'GCC_ENABLE_CPP_EXCEPTIONS': 'YES',
      'GCC_OPTIMIZATION_LEVEL': '3',
      'GCC_SYMBOLS_PRIVATE_EXTERN': 'YES',
      'GCC_TREAT_WARNINGS_AS_ERRORS': 'YES',
      'OTHER_CFLAGS': ['-Wall', '-Wextra', '-ffp-contract=off', '-fno-math-errno'],
    },
    # The vectors are those of GCC and Clang, which Microsoft's own compiler does not know: its Clang does.
    'msbuild_toolset': 'ClangCL',
    'msvs_settings': {
      'VCCLCompilerTool': {
        'AdditionalOptions': ['/std:c++17', '/clang:-ffp-contract=off', '/clang:-fno-math-errno'],
        'ExceptionHandling': 1,
        'WarnAsError': 'true',
      },
    },
  },
  'targets': [
    {
      'target_name': 'patchlens',
      'sources': [
        'cpp/addon-attention.cc',
        'cpp/addon-convolutions.cc',
        'cpp/addon-elements.cc',
        'cpp/addon-images.cc',
        'cpp/addon-norms.cc',
        'cpp/addon-products.cc',
        'cpp/addon-updates.cc',
        'cpp/addon.cc',
        'cpp/isa.cc',
        'cpp/kernels-portable.cc',
        'cpp/scratch.cc',
        'cpp/thread-pool.cc',
      ],
      'conditions': [['target_arch=="x64"', {
        # The lowest first: of a function that several of them hold a copy of, the linker takes the first.
        'dependencies': ['avx2', 'avx512'],
      }], ['target_arch=="arm64"', {'sources': ['cpp/kernels-neon.cc']}]],
    },
  ],
  'conditions': [
    ['target_arch=="x64"', {
      'targets': [
        {
          # A library of its own, because its flags let the compiler use these instructions anywhere in it.
          'target_name': 'avx2',
          'type': 'static_library',
          'sources': ['cpp/kernels-avx2.cc'],
          'cflags': ['-mavx2', '-mfma', '-fPIC'],
          'xcode_settings': {'OTHER_CFLAGS': ['-mavx2', '-mfma']},
          'msvs_settings': {'VCCLCompilerTool': {'AdditionalOptions': ['-mavx2', '-mfma']}},
        },
        {
          'target_name': 'avx512',
          'type': 'static_library',
          'sources': ['cpp/kernels-avx512.cc'],
          'cflags': ['-mavx512f', '-mavx512bw', '-mavx512dq', '-mavx512vl', '-mfma', '-fPIC'],
          'xcode_settings': {'OTHER_CFLAGS': ['-mavx512f', '-mavx512bw', '-mavx512dq', '-mavx512vl', '-mfma']},
          'msvs_settings': {
            'VCCLCompilerTool': {'AdditionalOptions': ['-mavx512f', '-mavx512bw', '-mavx512dq', '-mavx512vl', '-mfma']},
          },
        },
      ],
    }],
  ],
}

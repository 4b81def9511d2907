// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"

namespace ct {

// Makes sure that the dynamic linker has bound every function of every library before main(), by starting this program
// again with LD_BIND_NOW=1 unless it has that already. Call first thing in a program that handles plaintext.
//
// Why: at the first call of a function that is bound lazily the linker saves the vector registers on the stack, and right
// after a memcpy these hold what was copied. libnghttp2 and libstdc++ of Debian 12 are bound lazily; `-z now` of a program
// is about the program alone. Units set the variable, so that nothing is started twice.
Status bind_now();

}  // namespace ct

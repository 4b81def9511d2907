// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

namespace ct {

// Zeroes memory in a way that the compiler may not remove.
void wipe(void* data, std::size_t size);

// Clears every vector register of this thread. Copy loops leave the last 16 to 64 bytes of a plaintext there, and a
// context switch or a signal frame would carry them to ordinary memory.
void clear_vector_registers();

// Put one at the top of a function that handles plaintext: the registers are cleared on every way out.
struct [[nodiscard]] RegisterGuard {
    RegisterGuard() = default;
    RegisterGuard(const RegisterGuard&) = delete;
    RegisterGuard& operator=(const RegisterGuard&) = delete;
    ~RegisterGuard() { clear_vector_registers(); }
};

}  // namespace ct

// SPDX-License-Identifier: Apache-2.0
// Key files: read into secret memory, written whole or not at all.
#pragma once

#include <sys/types.h>

#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret_arena.h"

namespace ct::client {

// config_missing if there is no such file, too_large past `limit` bytes.
Result<SecretBuffer> read_secret_file(const std::string& path, std::size_t limit);

enum class Existing : std::uint8_t { refuse, replace };
// A new file of exactly these bytes and this mode under `path`, on disk when this returns; nothing under it on an error.
// refuse: io_failed with EEXIST when there is something already, untouched.
Status write_file(const std::string& path, ByteView content, mode_t mode, Existing existing);

}  // namespace ct::client

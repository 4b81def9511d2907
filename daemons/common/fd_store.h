// SPDX-License-Identifier: Apache-2.0
// Descriptors that outlive the daemon: systemd holds them while it is restarted, or after it crashed, and hands them to its
// next incarnation (sd_pid_notify_with_fds(3); FileDescriptorStoreMax= in the unit). A stop drops them.
#pragma once

#include <initializer_list>
#include <map>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/fd.h"
#include "base/result.h"

namespace ct::daemon {

// What an earlier incarnation left, by name. Empties the list: call once.
std::map<std::string, std::vector<Fd>> take_kept_descriptors();
// Duplicates stay with systemd until drop_descriptors(), until their other end hangs up, or until the daemon is stopped.
// Without a systemd to keep them nothing happens: what is not kept does not outlive the daemon.
Status keep_descriptors(const std::string& name, std::initializer_list<int> descriptors);
void drop_descriptors(const std::string& name);

// Bytes as a descriptor that can be kept: sealed, so that nobody changes them on the way.
Result<Fd> sealed_copy(ByteView bytes);
// What sealed_copy() was given; too_large past `limit` bytes.
Result<std::string> read_sealed_copy(const Fd& copy, std::size_t limit);

}  // namespace ct::daemon

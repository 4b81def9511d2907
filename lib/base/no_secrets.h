// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace ct {

// For a process that never has a secret, such as a judge in its sandbox, before its first allocation: what shares code with the
// plaintext path (JSON is parsed in secret memory, whoever wrote it) then gets plain memory, for which mmap(2) is enough. There is no
// way back.
void hold_no_secrets();

}  // namespace ct

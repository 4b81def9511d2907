// SPDX-License-Identifier: Apache-2.0
// A BIO over a connected socket that never blocks, whatever the flags of the (perhaps shared) file description say, and
// never raises SIGPIPE. Private to this folder.
#pragma once

#include "base/fd.h"
#include "crypto/ossl.h"

namespace ct::crypto {

struct SocketIo {
    Fd fd;
    bool ended = false;  // the peer closed
    int sys_errno = 0;   // the failure that ended it, if it did not end by itself
};

// Borrows `io`, which must outlive the BIO and keep its address. nullptr without memory.
BIO* socket_bio(SocketIo& io);

}  // namespace ct::crypto

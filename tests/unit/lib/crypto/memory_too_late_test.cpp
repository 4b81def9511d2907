// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "crypto/digest.h"
#include "crypto/memory.h"

namespace ct::crypto {
namespace {

TEST(UseSecretArena, IsRefusedWhenOpenSslHoldsOrdinaryMemoryAlready) {
    (void)hmac(Hash::sha256, as_bytes("key"), {});
    auto status = use_secret_arena();
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().reason, Reason::internal);
}

}  // namespace
}  // namespace ct::crypto

# SPDX-License-Identifier: Apache-2.0
all:
	@echo ready; read line && echo $$DB_PASSWORD; exit 7

// SPDX-License-Identifier: Apache-2.0
public class Show {
    public static void main(String[] arguments) throws Exception {
        System.out.println(System.getenv("DB_PASSWORD"));
        System.out.flush();
        while (System.in.read() >= 0) {}
        System.exit(7);
    }
}

"""What takes more than one entity of money: prices, and the bills that are made of them."""
